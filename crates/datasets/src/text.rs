//! A text for language models. Needs the feature `text`.

/// Gives twenty of Shakespeare's sonnets, in modern spelling: 12,340 characters of 58 kinds, all of them ASCII.
///
/// Above each sonnet stands its number in Roman numerals, between empty lines; each line of verse is a line of the text.
///
/// Source: *Shake-speares Sonnets. Never before Imprinted*, London: Thomas Thorpe, 1609. The text is in the public domain everywhere;
/// spelling and punctuation are those of the editions of the nineteenth century.
///
/// # Examples
///
/// ```
/// let text = datasets::text::sonnets();
/// assert!(text.contains("Shall I compare thee to a summer's day?\n"));
/// assert_eq!(text.lines().filter(|line| line.len() > 20).count(), 20 * 14);
/// ```
#[must_use]
pub fn sonnets() -> &'static str {
    include_str!("../data/sonnets.txt")
}
