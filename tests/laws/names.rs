//! What a source names: its code without comments, texts and tests, and the paths in that code, written out from the root
//! of their crate, however they are written: one by one, in braces within braces, from `super`, or in the middle of a line.

/// A path, such as `["ir", "Op"]`. A glob ends in `*`; the own crate itself is empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    /// The name in the source: the last part of the path, or the name after `as`.
    pub(super) called: String,
}

/// The text with a blank in place of each character of a comment or a literal, line by line as it was.
pub(super) fn without_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let end = literal_or_comment(&chars, i).map_or(i, |end| end.min(chars.len()));
        out.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        if end == i {
            out.push(chars[i]);
        }
        i = end.max(i + 1);
    }
    out
}

/// The end of the comment or literal that begins here.
fn literal_or_comment(chars: &[char], start: usize) -> Option<usize> {
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let begins = |i: usize, with: &str| with.chars().enumerate().all(|(k, c)| at(i + k) == c);
    if begins(start, "//") {
        return Some(chars[start..].iter().position(|&c| c == '\n').map_or(chars.len(), |n| start + n));
    }
    if begins(start, "/*") {
        let (mut depth, mut i) = (1, start + 2);
        while depth > 0 && i < chars.len() {
            match (begins(i, "/*"), begins(i, "*/")) {
                (true, _) => (depth, i) = (depth + 1, i + 2),
                (_, true) => (depth, i) = (depth - 1, i + 2),
                _ => i += 1,
            }
        }
        return Some(i);
    }
    // The letters before a quote are part of the literal, unless they end a word.
    let in_word = start > 0 && is_word(at(start - 1));
    let raw = start + usize::from(!in_word && matches!(at(start), 'b' | 'c'));
    if at(raw) == 'r' && !in_word {
        let hashes = (raw + 1..chars.len()).take_while(|&i| at(i) == '#').count();
        if at(raw + 1 + hashes) == '"' {
            let close = format!("\"{}", "#".repeat(hashes));
            let end = (raw + 2 + hashes..chars.len()).find(|&i| begins(i, &close));
            return Some(end.map_or(chars.len(), |i| i + 1 + hashes));
        }
    }
    if at(raw) == '"' {
        return Some(closing(chars, raw));
    }
    // A character, where it is no lifetime.
    (at(start) == '\'' && (at(start + 1) == '\\' || at(start + 2) == '\'')).then(|| closing(chars, start))
}

/// The position after the quote that closes a literal.
fn closing(chars: &[char], open: usize) -> usize {
    let mut i = open + 1;
    while i < chars.len() && chars[i] != chars[open] {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words, `::`, and all other signs one by one, each with its line.
pub(super) struct Tokens<'a>(Vec<(usize, &'a str)>);

impl<'a> Tokens<'a> {
    /// Of code from [`without_texts`]. What only tests are compiled with is left out.
    pub(super) fn of(code: &'a str) -> Tokens<'a> {
        let mut all = vec![];
        for (number, line) in code.lines().enumerate() {
            let mut rest = line.trim_start();
            while let Some(first) = rest.chars().next() {
                let length = match first {
                    c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                    ':' if rest.starts_with("::") => 2,
                    c => c.len_utf8(),
                };
                all.push((number + 1, &rest[..length]));
                rest = rest[length..].trim_start();
            }
        }
        Tokens(all).without_tests()
    }

    fn at(&self, i: usize) -> &'a str {
        self.0.get(i).map_or("", |(_, token)| token)
    }

    fn without_tests(self) -> Tokens<'a> {
        const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut kept = vec![];
        let mut i = 0;
        while i < self.0.len() {
            if (0..TEST.len()).all(|k| self.at(i + k) == TEST[k]) {
                i = self.end_of_item(i + TEST.len());
            } else {
                kept.push(self.0[i]);
                i += 1;
            }
        }
        Tokens(kept)
    }

    /// The position after an item: after its semicolon, or after the brace that closes it.
    fn end_of_item(&self, start: usize) -> usize {
        let mut depth = 0;
        for i in start..self.0.len() {
            match self.at(i) {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            // The brace of an import is followed by its semicolon.
            let is_end = matches!(self.at(i), ";" | "}") && self.at(i + 1) != ";";
            if depth == 0 && is_end {
                return i + 1;
            }
        }
        self.0.len()
    }

    /// The lines on which these tokens stand one after the other, such as `static mut`.
    pub(super) fn lines_with<'s>(&'s self, words: &'s str) -> impl Iterator<Item = usize> + 's {
        let stands = move |&i: &usize| words.split(' ').enumerate().all(|(k, word)| self.at(i + k) == word);
        (0..self.0.len()).filter(stands).map(|i| self.0[i].0)
    }

    /// Each path that begins with the name of a crate.
    pub(super) fn paths_from(&self, name: &str) -> Vec<Named> {
        let mut found = vec![];
        for i in (0..self.0.len()).filter(|&i| self.at(i) == name) {
            let before = if i > 0 { self.at(i - 1) } else { "" };
            if before != "::" && (self.at(i + 1) == "::" || matches!(before, "use" | "crate")) {
                self.tree(i, vec![], &mut found);
            }
        }
        found
    }

    /// What a root imports, in its own modules too: the path to each name from the root, and what it stands for.
    pub(super) fn exports(&self) -> Vec<(Vec<String>, Vec<String>)> {
        let mut exports = vec![];
        self.walk(&[], |i, base| {
            let mut found = vec![];
            if self.at(i) == "use" {
                self.tree(i + 1, vec![], &mut found);
            }
            for Named { mut path, called, .. } in found {
                path.retain(|part| part != "crate");
                exports.push(([base, &[called]].concat(), path));
            }
            i
        });
        exports
    }

    /// Each path into the own crate, for the module that the source is: `crate::…`, `$crate::…`, `super::…`, `self::…`.
    pub(super) fn paths(&self, module: &[&str]) -> Vec<Named> {
        let mut found = vec![];
        self.walk(module, |mut i, base| {
            let before = if i > 0 { self.at(i - 1) } else { "" };
            let goes_on = self.at(i + 1) == "::";
            match self.at(i) {
                "crate" if goes_on => self.tree(i + 2, vec![], &mut found),
                // The whole crate, by another name.
                "crate" if self.at(i + 1) == "as" => self.report(i, vec![], &mut found),
                "self" | "super" if goes_on && before != "::" => {
                    let mut base = base.to_vec();
                    while self.at(i) == "super" && self.at(i + 1) == "::" {
                        base.pop();
                        i += 2;
                    }
                    self.tree(if self.at(i) == "self" { i + 2 } else { i }, base, &mut found)
                }
                _ => i,
            }
        });
        found
    }

    /// Calls `visit` with each position and the module that it is in. `visit` returns the last position that it has read.
    fn walk(&self, module: &[&str], mut visit: impl FnMut(usize, &[String]) -> usize) {
        let mut base: Vec<String> = module.iter().map(|name| name.to_string()).collect();
        // The depth of braces that each module of this source was opened at.
        let mut opened: Vec<usize> = vec![];
        let (mut depth, mut i) = (0, 0);
        while i < self.0.len() {
            match self.at(i) {
                "{" => {
                    if i > 1 && self.at(i - 2) == "mod" {
                        base.push(self.at(i - 1).to_owned());
                        opened.push(depth);
                    }
                    depth += 1;
                }
                "}" => {
                    depth = depth.saturating_sub(1);
                    if opened.pop_if(|outside| *outside == depth).is_some() {
                        base.pop();
                    }
                }
                _ => i = visit(i, &base),
            }
            i += 1;
        }
    }

    /// Reads a path, or paths in braces, from a position, as the continuation of a base. Returns the last position.
    fn tree(&self, i: usize, mut path: Vec<String>, found: &mut Vec<Named>) -> usize {
        match self.at(i) {
            "{" => {
                let mut i = i + 1;
                while i < self.0.len() && self.at(i) != "}" {
                    i = if self.at(i) == "," { i } else { self.tree(i, path.clone(), found) } + 1;
                }
                return i;
            }
            "self" => {}
            word => path.push(word.to_owned()),
        }
        let next = self.at(i + 2);
        if self.at(i + 1) == "::" && (next == "{" || next == "*" || next.starts_with(is_word)) {
            return self.tree(i + 2, path, found);
        }
        self.report(i, path, found)
    }

    /// Records a path whose last part is at a position. Returns the position of its other name, if it has one.
    fn report(&self, i: usize, path: Vec<String>, found: &mut Vec<Named>) -> usize {
        let last = if self.at(i + 1) == "as" { i + 2 } else { i };
        let called =
            if last > i { self.at(last).to_owned() } else { path.last().cloned().unwrap_or_default() };
        let line = self.0.get(i).or(self.0.last()).map_or(0, |(line, _)| *line);
        found.push(Named { line, path, called });
        last
    }
}
