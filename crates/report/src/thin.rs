//! Coordinates in fewer bytes: rounded, and each point by its distance from the one before.

use std::fmt::Write;

/// Attributes that are coordinates of many points.
pub(crate) const PATHS: [&str; 2] = ["d", "points"];

/// The value of an attribute of [`PATHS`] with at most so many decimals.
pub(crate) fn thin(key: &str, value: &str, decimals: usize) -> String {
    let relative = if key == "d" { relative(value, decimals) } else { None };
    relative.unwrap_or_else(|| rounded(value, decimals))
}

/// A path of moves, lines and arcs with each point relative to the one before. None if it has anything else.
///
/// Positions are whole numbers of the smallest unit, so that nothing adds up.
fn relative(path: &str, decimals: usize) -> Option<String> {
    let scale = 10f64.powi(i32::try_from(decimals).ok()?);
    let unit = |v: f64| (v * scale).round() as i64;
    let mut out = Compact { text: String::with_capacity(path.len()), scale: unit(1.0), last: ' ' };
    let (mut at, mut start) = ([0; 2], [0; 2]);
    let mut rest = path.trim_ascii();
    while let Some(command) = rest.chars().next() {
        let arguments = rest.get(1..)?;
        let end = arguments.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(arguments.len());
        let (numbers, after) = (numbers(&arguments[..end])?, &arguments[end..]);
        rest = after;
        match (command, numbers.as_slice()) {
            ('M' | 'L', &[x, y]) => {
                let to = [unit(x), unit(y)];
                out.command(command.to_ascii_lowercase());
                out.number(to[0] - at[0]);
                out.number(to[1] - at[1]);
                at = to;
                start = if command == 'M' { to } else { start };
            }
            ('a', &[rx, ry, turn, large, sweep, dx, dy]) => {
                out.command('a');
                [unit(rx), unit(ry), unit(turn)].into_iter().for_each(|v| out.number(v));
                let flag = |v: f64| u8::from(v != 0.0);
                _ = write!(out.text, " {}{}", flag(large), flag(sweep));
                [unit(dx), unit(dy)].into_iter().for_each(|v| out.number(v));
                at = [at[0] + unit(dx), at[1] + unit(dy)];
            }
            ('z' | 'Z', []) => {
                out.command('z');
                at = start;
            }
            _ => return None,
        }
    }
    Some(out.text)
}

/// The numbers of a list such as `1.5-2 .5`.
fn numbers(list: &str) -> Option<Vec<f64>> {
    let mut found = Vec::new();
    let mut rest = list.trim_start_matches([' ', ',']);
    while !rest.is_empty() {
        let sign = usize::from(rest.starts_with(['-', '+']));
        let length =
            rest[sign..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - sign);
        let (number, after) = rest.split_at(sign + length);
        found.push(number.parse().ok().filter(|v: &f64| v.abs() < 1e9)?);
        rest = after.trim_start_matches([' ', ',']);
    }
    Some(found)
}

/// A path in as few characters as it takes.
struct Compact {
    text: String,
    /// How many of the smallest unit are 1.
    scale: i64,
    /// The command before.
    last: char,
}

impl Compact {
    /// A command. A line goes without saying after a move and after a line, and so does an arc after an arc.
    fn command(&mut self, letter: char) {
        if !matches!((self.last, letter), ('m' | 'l', 'l') | ('a', 'a')) {
            self.text.push(letter);
        }
        self.last = letter;
    }

    /// A number of the smallest unit. A sign separates it from the one before; else a blank does.
    fn number(&mut self, units: i64) {
        if units >= 0 && self.text.ends_with(|c: char| c.is_ascii_digit()) {
            self.text.push(' ');
        }
        let (whole, part) = (units.abs() / self.scale, units.abs() % self.scale);
        if units < 0 {
            self.text.push('-');
        }
        if whole > 0 || part == 0 {
            _ = write!(self.text, "{whole}");
        }
        if part > 0 {
            let digits = self.scale.ilog10() as usize;
            let fraction = format!("{part:0digits$}");
            self.text.push('.');
            self.text.push_str(fraction.trim_end_matches('0'));
        }
    }
}

/// A list of numbers and letters, each number with at most so many decimals.
fn rounded(list: &str, decimals: usize) -> String {
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
        let list = "M1.44 2.66C-3.5-0.2 2.55 2.55 50 10.02z";
        assert_eq!(thin("d", list, 0), "M1 3C-4-0 3 3 50 10z");
        assert_eq!(thin("d", list, 1), "M1.4 2.7C-3.5-0.2 2.5 2.5 50 10z");
        assert_eq!(thin("d", list, 2), list);
        assert_eq!(thin("points", "1.25,2 3,4.04", 1), "1.2,2 3,4");
    }

    #[test]
    fn lines_and_arcs_are_relative_and_errors_do_not_add_up() {
        assert_eq!(thin("d", "M10 20L10.5 19.04L0 0zM1 1L-2.5-3", 1), "m10 20 .5-1-10.5-19zm-9-19-3.5-4");
        assert_eq!(
            thin("d", "M5.25 5a4.2 4.2 0 1 1 8.4 0a4.2 4.2 0 1 1-8.4 0z", 1),
            "m5.3 5a4.2 4.2 0 11 8.4 0 4.2 4.2 0 11-8.4 0z"
        );
        assert_eq!(thin("d", "M1.6 1.4L3 3", 0), "m2 1 1 2");
        let steps: String = (1..=1000).map(|i| format!("L{} 0", 0.04 * f64::from(i))).collect();
        let thinned = thin("d", &format!("M0 0{steps}"), 1);
        let end: f64 =
            numbers(&thinned.replace('m', " ")).expect("numbers").chunks(2).map(|point| point[0]).sum();
        assert!((end - 40.0).abs() < 1e-9, "{end}");
    }

    #[test]
    fn what_is_no_path_of_lines_stays_a_list() {
        for text in ["M1 2 3 4", "L1", "M1 x", "M1 2H3", "M1e5 2", "x", "M1..2 3", "–"] {
            assert_eq!(relative(text, 1), None, "{text}");
        }
        assert_eq!(thin("d", "", 1), "");
    }
}
