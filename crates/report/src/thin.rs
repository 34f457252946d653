//! Coordinates in fewer digits.

/// Attributes that are coordinates of many points.
pub(crate) const PATHS: [&str; 2] = ["d", "points"];

/// A list of numbers and letters, each number with at most so many decimals.
pub(crate) fn rounded(list: &str, decimals: usize) -> String {
    let (mut out, mut rest) = (String::with_capacity(list.len()), list);
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit() || c == '.') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let whole = digits(rest);
        let fraction = rest[whole..].strip_prefix('.').map_or(0, |after| 1 + digits(after));
        let (number, after) = rest.split_at(whole + fraction);
        match number.parse::<f64>() {
            Ok(value) if fraction > decimals + 1 || fraction > 0 && decimals == 0 => {
                let text = format!("{value:.decimals$}");
                let short =
                    if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
                out.push_str(short);
            }
            _ => out.push_str(number),
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_and_nothing_else() {
        let list = "M1.44 2.66L-3.5-0.2a2.55 2.55 0 1 1 50 10.02z";
        assert_eq!(rounded(list, 0), "M1 3L-4-0a3 3 0 1 1 50 10z");
        assert_eq!(rounded(list, 1), "M1.4 2.7L-3.5-0.2a2.5 2.5 0 1 1 50 10z");
        assert_eq!(rounded(list, 2), list);
        assert_eq!(rounded("", 1), "");
    }
}
