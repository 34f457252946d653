//! Parses single fields: numbers, labels, missing values.

use super::Options;

/// The spellings of a missing value, unless others are set.
pub(super) const MISSING: [&str; 7] = ["", "NA", "N/A", "NaN", "null", "None", "?"];

impl Options {
    /// Whether a text stands for a value that is not there. Upper and lower case are the same.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        match &self.spellings {
            // Most fields begin as numbers do, and none of these spellings does.
            None if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => false,
            None if self.nonfinite && text.eq_ignore_ascii_case("nan") => false,
            None => MISSING.iter().any(|spelling| spelling.eq_ignore_ascii_case(text)),
            Some(spellings) => spellings.iter().any(|spelling| spelling.eq_ignore_ascii_case(text)),
        }
    }

    /// The number that a text stands for, or what would have been one.
    pub(super) fn number(&self, text: &str) -> Result<f64, String> {
        let number = if self.decimal_comma {
            if text.contains('.') {
                return Err("a finite number with a decimal comma".to_owned());
            }
            text.replace(',', ".").parse()
        } else {
            text.parse()
        };
        number.ok().filter(|x: &f64| x.is_finite() || self.spells_nonfinite(text)).ok_or_else(|| {
            match text.split_once(',') {
                Some(_) if !self.decimal_comma => {
                    "a finite number; `decimal_comma` reads 0,5 as one".to_owned()
                }
                _ => "a finite number".to_owned(),
            }
        })
    }

    /// Whether a text is a number that is not finite by its name; digits beyond the range of `f64` are none.
    fn spells_nonfinite(&self, text: &str) -> bool {
        self.nonfinite && !text.contains(|c: char| c.is_ascii_digit())
    }

    /// The label that a text stands for, or what would have been one.
    pub(super) fn label_of(&self, text: &str) -> Result<i64, String> {
        if let Some(names) = &self.classes {
            let index = names.iter().position(|name| name == text);
            return index.map(|index| index as i64).ok_or_else(|| format!("one of {}", names.join(", ")));
        }
        let point = if self.decimal_comma { b',' } else { b'.' };
        integer(text.as_bytes(), point).map_err(|why| match why {
            NoInteger::Text => "an integer; `classes` reads names".to_owned(),
            NoInteger::Fraction => "an integer; `read_regression` reads other numbers".to_owned(),
            NoInteger::Range => format!("an integer of 64 bits, from {} to {}", i64::MIN, i64::MAX),
        })
    }
}

/// Why a text is no integer.
#[derive(Debug, PartialEq)]
enum NoInteger {
    /// It is no number.
    Text,
    /// It is a number between two integers.
    Fraction,
    /// It is an integer that `i64` cannot hold.
    Range,
}

/// The integer that a decimal number is, such as `7`, `7.0` or `0.7e1`, exactly: no `f64` stands in between.
fn integer(text: &[u8], point: u8) -> Result<i64, NoInteger> {
    let (negative, text) = signed(text);
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], power(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|&byte| byte == point) {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    let digits = || whole.iter().chain(fraction).copied();
    if digits().next().is_none() || !digits().all(|byte| byte.is_ascii_digit()) {
        return Err(NoInteger::Text);
    }
    // The value is the digits up to the last one that is no zero, times a power of ten.
    let count = whole.len() + fraction.len();
    let zeros = digits().rev().take_while(|&digit| digit == b'0').count();
    if zeros == count {
        return Ok(0);
    }
    let power = exponent.saturating_add(zeros as i64).saturating_sub(fraction.len() as i64);
    if power < 0 {
        return Err(NoInteger::Fraction);
    }
    let significant = digits().take(count - zeros).map(|digit| i64::from(digit - b'0'));
    let padded = significant.chain((0..power).map(|_| 0));
    let mut value = 0i64;
    for digit in padded {
        // Downwards, because there is one more negative integer. A value that does not end in zeros for ever overflows
        // within twenty steps.
        value = value.checked_mul(10).and_then(|v| v.checked_sub(digit)).ok_or(NoInteger::Range)?;
    }
    if negative { Ok(value) } else { value.checked_neg().ok_or(NoInteger::Range) }
}

/// Whether there is a minus sign, and what follows the sign.
fn signed(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// The exponent of ten; one that no length of text can make up for is cut.
fn power(text: &[u8]) -> Result<i64, NoInteger> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NoInteger::Text);
    }
    let size = digits.iter().fold(0i64, |size, digit| (size * 10 + i64::from(digit - b'0')).min(1 << 48));
    Ok(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_exactly_however_they_are_written() {
        let read = |text: &str| integer(text.as_bytes(), b'.');
        let right = [
            ("7", 7),
            ("7.0", 7),
            ("-7.", -7),
            ("+0.7e1", 7),
            ("700E-2", 7),
            ("1.000000000000000000e+00", 1),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
            ("007", 7),
            ("9007199254740993.0", 9007199254740993),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808.00", i64::MIN),
            ("922337203685477580700e-2", i64::MAX),
        ];
        for (text, expected) in right {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in
            ["", ".", "-", "e1", ".e1", "1e", "1e+", "1.0.0", "0x1", "--1", "1_0", "nan", "inf", "1,0"]
        {
            assert_eq!(read(text), Err(NoInteger::Text), "{text}");
        }
        for text in ["0.5", "1.0000000000000000000000001", "1e-1", "15e-1", "1e-99999999999999999999"] {
            assert_eq!(read(text), Err(NoInteger::Fraction), "{text}");
        }
        for text in ["9223372036854775808", "-9223372036854775809", "1e19", "-1e99999999999999999999"] {
            assert_eq!(read(text), Err(NoInteger::Range), "{text}");
        }
        assert_eq!(integer(b"1,0", b','), Ok(1));
    }
}
