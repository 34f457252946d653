//! The text is what its documentation says.

use datasets::text::sonnets;
use std::collections::BTreeSet;

#[test]
fn twenty_sonnets_of_fourteen_lines() {
    let text = sonnets();
    let parts: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(parts.len(), 40);
    for pair in parts.chunks(2) {
        let [number, verses] = pair else { panic!("a number without a sonnet") };
        assert!(number.bytes().all(|byte| b"CILVX".contains(&byte)), "{number}");
        let lines: Vec<&str> = verses.lines().collect();
        assert_eq!(lines.len(), 14, "sonnet {number}");
        for line in lines {
            // What ten or eleven syllables take.
            assert!((32..=55).contains(&line.len()) && line.trim() == line, "{line}");
            assert!(line.starts_with(|c: char| c.is_ascii_uppercase() || c == '\''), "{line}");
        }
    }
}

#[test]
fn its_characters() {
    let kinds: BTreeSet<char> = sonnets().chars().collect();
    assert!(sonnets().is_ascii() && !sonnets().contains(['\r', '\t']) && sonnets().ends_with(".\n"));
    assert_eq!((sonnets().len(), kinds.len()), (12_340, 58));
}
