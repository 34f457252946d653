//! Pieces of the text that stands before the kernels: functions, each with its comment and in a guard of its own, because another
//! header may bring it too.

use std::collections::BTreeSet;

/// A function, or several within an `#if`.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// What it defines.
    names: Vec<String>,
    text: String,
}

impl Item {
    /// A function.
    pub(super) fn of(name: &str, text: String) -> Item {
        Item { names: vec![name.to_owned()], text: guarded(&name.to_uppercase(), &text) }
    }

    /// The pieces of a file: each ends with a function, or with the `#if` that it stands in.
    pub(super) fn split(text: &str) -> Vec<Item> {
        let (mut pieces, mut piece, mut depth) = (vec![], String::new(), 0);
        for line in text.lines() {
            piece += line;
            piece.push('\n');
            depth += i32::from(line.starts_with("#if")) - i32::from(line.starts_with("#endif"));
            let is_last = line.starts_with('}') || line.starts_with("#endif") || is_whole(line);
            if depth == 0 && is_last {
                pieces.push(std::mem::take(&mut piece));
            }
        }
        // A macro may stand last.
        pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
        let item = |piece: String| {
            let names: Vec<String> = piece.lines().filter_map(defined).map(str::to_owned).collect();
            let first = names.first().expect("each piece defines something");
            Item { text: guarded(&first.to_uppercase(), &piece), names }
        };
        pieces.into_iter().map(item).collect()
    }
}

/// A macro is its own guard. That of a function is no other name of the text: a macro may be called as a function is.
fn guarded(name: &str, text: &str) -> String {
    if text.lines().filter_map(defined).next() == Some(name) {
        return format!("#ifndef {name}\n{text}#endif\n");
    }
    let name = name.strip_prefix("WG_").unwrap_or(name);
    format!("#ifndef WG_HAS_{name}\n#define WG_HAS_{name}\n{text}#endif\n")
}

/// Whether a line is a function.
fn is_whole(line: &str) -> bool {
    !line.starts_with('#') && defined(line).is_some() && (line.ends_with('}') || line.ends_with("};"))
}

/// What a line defines.
fn defined(line: &str) -> Option<&str> {
    if let Some(name) = line.strip_prefix("#define ") {
        return name.split(|c: char| !is_letter(c)).next();
    }
    // A structure has its name at its end.
    if let Some(name) = line.strip_prefix("} ").and_then(|line| line.strip_suffix(';')) {
        return Some(name);
    }
    let line = ["WG_FN ", "WG_TABLE ", "static "].iter().find_map(|begin| line.strip_prefix(begin))?;
    let head = &line[..line.find(['(', '['])?];
    head.rsplit(|c: char| !is_letter(c)).next()
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The items that a text calls, and those that these call.
pub(super) fn called(items: &[Item], text: &str) -> String {
    let mut wanted = BTreeSet::new();
    let words = |text| {
        str::split(text, |c: char| !is_letter(c))
            .filter(|word| word.starts_with("wg_") || word.starts_with("WG_"))
    };
    wanted.extend(words(text));
    let mut kept = vec![];
    for item in items.iter().rev() {
        if item.names.iter().any(|name| wanted.contains(name.as_str())) {
            wanted.extend(words(&item.text));
            kept.push(item.text.as_str());
        }
    }
    kept.reverse();
    kept.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_calls_is_left_out() {
        let text = "/* One. */\nWG_FN int wg_one(void) { return 1; }\n#if X\nWG_FN int wg_two(void) {\n  return 2 * \
                    wg_one();\n}\n#endif\nWG_FN int wg_three(int x) {\n  return x;\n}\n";
        let items = Item::split(text);
        assert_eq!(
            items.iter().map(|item| item.names.join(" ")).collect::<Vec<_>>(),
            ["wg_one", "wg_two", "wg_three"]
        );
        assert_eq!(called(&items, "wg_four()"), "");
        assert_eq!(called(&items, "wg_three(1)"), items[2].text);
        assert_eq!(called(&items, "y = wg_two();"), format!("{}{}", items[0].text, items[1].text));
        let macros = Item::split("#if X\n#define WG_A 1\n#else\n#define WG_A 2\n#endif\n");
        assert_eq!(
            macros[0].text,
            "#ifndef WG_A\n#if X\n#define WG_A 1\n#else\n#define WG_A 2\n#endif\n#endif\n"
        );
        assert!(items[0].text.starts_with("#ifndef WG_HAS_ONE\n#define WG_HAS_ONE\n/* One. */\nWG_FN"));
    }
}
