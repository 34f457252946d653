//! A document as Unicode text, LaTeX, Markdown or MathML.

mod latex;
mod mathml;
mod text;

use super::document::{Block, Document, Grid, Line, Run};
use crate::lists::IntoList;
use crate::symbol::{Expr, Index, Writer};
use crate::text::{columns, markup};
use latex::{Latex, escaped};
use mathml::MathMl;
use text::Plain;

/// The parts of a sentence, each by its own rule.
fn runs(
    writer: &Writer<'_>,
    all: &[Run],
    words: &dyn Fn(&str) -> String,
    formula: &dyn Fn(&str) -> String,
) -> String {
    let one = |run: &Run| match run {
        Run::Text(text) => words(text),
        Run::Math(e, index) => formula(&writer.write(e, *index)),
        Run::Equation(a, b, index) => {
            let equals = writer.notation.equals();
            formula(&format!("{}{equals}{}", writer.write(a, *index), writer.write(b, *index)))
        }
    };
    all.iter().map(one).collect()
}

impl Document {
    /// Unicode text for a terminal.
    pub(super) fn text(&self) -> String {
        let writer = Writer { notation: &Plain, context: &self.context };
        let say = |all: &[Run]| runs(&writer, all, &str::to_owned, &str::to_owned);
        let mut out = String::new();
        for block in &self.blocks {
            out += &match block {
                Block::Heading(all, None) => say(all) + "\n",
                Block::Heading(all, Some(prose)) => wrapped(&format!("{}. {prose}", say(all))),
                Block::Gap => "\n".to_owned(),
                Block::Prose(all) | Block::Remark(all) => say(all) + "\n",
                Block::Lines(lines) => plain_lines(&writer, lines),
                Block::Braces { left, factors, number } => plain_braces(&writer, left, factors, *number),
                Block::Grid(grid) => plain_grid(&writer, grid),
            };
        }
        out
    }

    /// LaTeX with `align*`.
    pub(super) fn latex(&self) -> String {
        let writer = Writer { notation: &Latex, context: &self.context };
        let inline = |math: &str| format!("${math}$");
        let say = |all: &[Run]| runs(&writer, all, &escaped, &inline);
        let mut out = String::new();
        for block in &self.blocks {
            match block {
                Block::Heading(all, prose) => {
                    let prose = prose.map(|text| format!("{text}\n")).unwrap_or_default();
                    out += &format!("\\paragraph{{{}}}\n{prose}", say(all));
                }
                Block::Prose(all) => out += &(say(all) + "\n"),
                Block::Remark(_) | Block::Gap => {}
                Block::Lines(lines) => out += &aligned(&latex_lines(&writer, lines), "align*"),
                Block::Braces { left, factors, number } => {
                    out += &aligned(&latex_braces(&writer, left, factors, *number), "align*");
                }
                Block::Grid(grid) => out += &latex_grid(&writer, grid),
            }
        }
        out
    }

    /// Markdown, with formulas between dollar signs.
    pub(super) fn markdown(&self) -> String {
        let writer = Writer { notation: &Latex, context: &self.context };
        let words = |text: &str| {
            let special = |c: char| if "\\`*_<>[]|$#".contains(c) { format!("\\{c}") } else { c.to_string() };
            text.chars().map(special).collect::<String>()
        };
        let say = |all: &[Run]| runs(&writer, all, &words, &|math: &str| format!("${math}$"));
        let mut out = String::new();
        for block in &self.blocks {
            out += &match block {
                Block::Heading(all, None) => format!("#### {}\n", say(all)),
                Block::Heading(all, Some(prose)) => format!("#### {}\n\n{prose}\n", say(all)),
                Block::Gap => continue,
                Block::Prose(all) | Block::Remark(all) => say(all) + "\n",
                Block::Lines(lines) => format!("$$\n{}$$\n", aligned(&latex_lines(&writer, lines), "align*")),
                Block::Braces { left, factors, number } => {
                    format!("$$\n{}$$\n", aligned(&latex_braces(&writer, left, factors, *number), "align*"))
                }
                Block::Grid(grid) => markdown_grid(grid, &say),
            };
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out + "\n"
    }

    /// HTML with formulas in MathML.
    pub(super) fn mathml(&self) -> String {
        let writer = Writer { notation: &MathMl, context: &self.context };
        let inline = |math: &str| format!("<math>{math}</math>");
        let say = |all: &[Run]| runs(&writer, all, &markup, &inline);
        let mut out = "<section class=\"derivation\">\n".to_owned();
        for block in &self.blocks {
            out += &match block {
                Block::Heading(all, prose) => {
                    let prose = prose.map(|text| format!("<p>{text}</p>\n")).unwrap_or_default();
                    format!("<h4>{}</h4>\n{prose}", say(all))
                }
                Block::Gap => continue,
                Block::Prose(all) | Block::Remark(all) => format!("<p>{}</p>\n", say(all)),
                Block::Lines(lines) => html_lines(&writer, lines),
                Block::Braces { left, factors, number } => html_braces(&writer, left, factors, *number),
                Block::Grid(grid) => html_grid(grid, &say),
            };
        }
        out + "</section>\n"
    }
}

fn sides(writer: &Writer<'_>, all: &[(Expr, Index)]) -> Vec<String> {
    all.iter().map(|(e, index)| writer.write(e, *index)).listed()
}

/// Lines of at most 84 columns.
fn wrapped(text: &str) -> String {
    let (mut out, mut width) = (String::new(), 0);
    for word in text.split(' ') {
        let next = columns(word);
        if width > 0 && width + 1 + next > 84 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out += word;
        width += next;
    }
    out + "\n"
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

fn at_right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

fn widest<'a>(all: impl Iterator<Item = &'a String>) -> usize {
    all.map(|text| columns(text)).max().unwrap_or(0)
}

/// Equations with their signs below each other, notes in columns and numbers at the right.
fn plain_lines(writer: &Writer<'_>, lines: &[Line]) -> String {
    let lefts: Vec<String> =
        lines.iter().map(|l| l.left.iter().map(|(e, i)| writer.write(e, *i)).collect()).collect();
    let width = widest(lefts.iter());
    let body = |line: &Line, left: &String| {
        let sides = sides(writer, &line.sides).join(&writer.notation.equals());
        format!("  {} = {sides}", padded(left, width))
    };
    let mut bodies: Vec<String> = lines.iter().zip(&lefts).map(|(line, left)| body(line, left)).listed();
    let mut ends: Vec<String> =
        lines.iter().map(|l| l.number.map(|n| format!("({n})")).unwrap_or_default()).listed();
    let say = |note: &Vec<Run>| runs(writer, note, &str::to_owned, &str::to_owned);
    let notes: Vec<Vec<String>> = lines.iter().map(|l| l.notes.iter().map(say).listed()).listed();
    for column in 0..notes.iter().map(Vec::len).max().unwrap_or(0) {
        // A long line without a note does not move the notes of the others.
        let with = bodies.iter().zip(&notes).filter(|(_, notes)| notes.len() > column);
        let width = widest(with.map(|(body, _)| body)) + 4;
        for (body, notes) in bodies.iter_mut().zip(&notes).filter(|(_, notes)| notes.len() > column) {
            *body = padded(body, width) + &notes[column];
        }
    }
    let numbered = bodies.iter().zip(&ends).filter(|(_, end)| !end.is_empty());
    let width = (widest(numbered.map(|(body, _)| body)) + 2).max(60) + widest(ends.iter());
    let mut out = String::new();
    for ((line, body), end) in lines.iter().zip(&bodies).zip(&mut ends) {
        out += &format!("{body}{}", at_right(end, width.saturating_sub(columns(body))));
        out.truncate(out.trim_end().len());
        out.push('\n');
        if !line.ways.is_empty() {
            out += &ways(writer, line, lefts.iter().map(|l| columns(l)).max().unwrap_or(0));
        }
    }
    out
}

/// The names of the terms, each below its term.
fn ways(writer: &Writer<'_>, line: &Line, left: usize) -> String {
    let Some((Expr::Sum(terms), index)) = line.sides.first() else { return String::new() };
    let (mut below, mut at) = (" ".repeat(left + 5), left + 5);
    for (term, name) in terms.iter().zip(&line.ways) {
        below = padded(&below, at.max(columns(&below) + 2)) + name;
        at += columns(&writer.write(term, *index)) + 3;
    }
    below + "\n"
}

fn plain_braces(writer: &Writer<'_>, left: &Expr, factors: &[[Expr; 3]], number: Option<usize>) -> String {
    let left = writer.write(left, Index::Whole);
    let mut rows: [String; 3] = [format!("  {left} = "), " ".repeat(columns(&left) + 5), String::new()];
    rows[2] = " ".repeat(columns(&left) + 3) + "= ";
    for (i, factor) in factors.iter().enumerate() {
        let last = factors.len() == i + 1;
        let group = |text: String, e: &Expr| {
            if matches!(e, Expr::Sum(_)) { format!("({text})") } else { text }
        };
        let texts: Vec<String> = factor.iter().map(|e| group(writer.write(e, Index::Whole), e)).listed();
        let width = widest(texts.iter());
        for (k, (row, text)) in rows.iter_mut().zip(&texts).enumerate() {
            let before = (width - columns(text)) / 2;
            let sign = if last || k == 1 { "   " } else { " · " };
            *row += &(padded(&(" ".repeat(before) + text), width) + sign);
        }
    }
    if let Some(n) = number {
        rows[0] = padded(rows[0].trim_end(), 84) + &format!("({n})");
    }
    rows.iter().map(|row| row.trim_end().to_owned() + "\n").filter(|row| row.trim() != "=").collect()
}

fn plain_grid(writer: &Writer<'_>, grid: &Grid) -> String {
    let say = |cell: &Vec<Run>| runs(writer, cell, &str::to_owned, &str::to_owned);
    let mut rows: Vec<Vec<String>> = vec![];
    if !grid.head.is_empty() {
        rows.push(grid.head.iter().map(say).listed());
    }
    rows.extend(grid.rows.iter().map(|row| row.iter().map(say).listed()));
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(|i| widest(rows.iter().filter_map(|row| row.get(i)))).listed();
    if grid.adds_up {
        let rule = (0..count).map(|i| if i + 1 == count { "─".repeat(widths[i]) } else { String::new() });
        rows.insert(rows.len() - 1, rule.listed());
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            line += "  ";
            line +=
                &if grid.right.contains(&i) { at_right(cell, widths[i]) } else { padded(cell, widths[i]) };
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn latex_lines(writer: &Writer<'_>, lines: &[Line]) -> Vec<String> {
    let note = |all: &Vec<Run>| runs(writer, all, &escaped, &|math: &str| format!("${math}$"));
    let one = |line: &Line| {
        let left = line.left.as_ref().map(|(e, index)| writer.write(e, *index) + " ");
        let mut text = format!(
            "{}&= {}",
            left.unwrap_or("  ".into()),
            sides(writer, &line.sides).join(&writer.notation.equals())
        );
        for all in line.notes.iter().filter(|all| !all.is_empty()) {
            text += &format!(" && \\text{{{}}}", note(all));
        }
        text + &line.number.map(|n| format!(" \\tag{{{n}}}")).unwrap_or_default()
    };
    lines.iter().map(one).listed()
}

fn latex_braces(
    writer: &Writer<'_>,
    left: &Expr,
    factors: &[[Expr; 3]],
    number: Option<usize>,
) -> Vec<String> {
    let write = |e: &Expr| writer.write(e, Index::Whole);
    let group = |e: &Expr| if matches!(e, Expr::Sum(_)) { format!("({})", write(e)) } else { write(e) };
    // Below a brace a fraction stands in one line.
    let slash = |e: &Expr| match write(e).strip_prefix("\\frac{").and_then(|s| s.split_once("}{")) {
        Some((up, down)) => format!("{up} / {}", down.trim_end_matches('}')),
        None => write(e),
    };
    let braces: Vec<String> =
        factors.iter().map(|[f, d, _]| format!("\\underbrace{{{}}}_{{{}}}", group(f), slash(d))).listed();
    let tag = number.map(|n| format!(" \\tag{{{n}}}")).unwrap_or_default();
    let numbers = Expr::Product(factors.iter().map(|[_, _, n]| n.clone()).listed());
    let mut lines = vec![format!("{} &= {}{tag}", write(left), braces.join(" \\cdot "))];
    if factors.iter().all(|[_, _, n]| matches!(n, Expr::Datum(_) | Expr::Vector(..))) {
        lines.push(format!("  &= {}", write(&numbers)));
    }
    lines
}

fn aligned(lines: &[String], environment: &str) -> String {
    format!("\\begin{{{environment}}}\n  {}\n\\end{{{environment}}}\n", lines.join(" \\\\\n  "))
}

fn latex_grid(writer: &Writer<'_>, grid: &Grid) -> String {
    let say = |cell: &Vec<Run>| runs(writer, cell, &escaped, &|math: &str| format!("${math}$"));
    let count = grid.rows.iter().chain([&grid.head]).map(Vec::len).max().unwrap_or(0);
    let columns: String = (0..count).map(|i| if grid.right.contains(&i) { 'r' } else { 'l' }).collect();
    let line = |row: &Vec<Vec<Run>>| row.iter().map(say).listed().join(" & ");
    let mut rows: Vec<String> = vec![];
    if !grid.head.is_empty() {
        rows.push(line(&grid.head) + " \\\\ \\hline");
    }
    rows.extend(grid.rows.iter().enumerate().map(|(i, row)| {
        let sum = grid.adds_up && i + 2 == grid.rows.len();
        line(row) + if sum { " \\\\ \\hline" } else { " \\\\" }
    }));
    format!(
        "\\begin{{center}}\\begin{{tabular}}{{{columns}}}\n  {}\n\\end{{tabular}}\\end{{center}}\n",
        rows.join("\n  ")
    )
}

fn markdown_grid(grid: &Grid, say: &impl Fn(&[Run]) -> String) -> String {
    let count = grid.rows.iter().chain([&grid.head]).map(Vec::len).max().unwrap_or(0);
    let line = |row: &[Vec<Run>]| {
        let cells: Vec<String> =
            (0..count).map(|i| row.get(i).map(|cell| say(cell)).unwrap_or_default()).listed();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule: Vec<&str> = (0..count).map(|i| if grid.right.contains(&i) { "--:" } else { "---" }).listed();
    let rows: String = grid.rows.iter().map(|row| line(row)).collect();
    format!("{}| {} |\n{rows}", line(&grid.head), rule.join(" | "))
}

fn html_lines(writer: &Writer<'_>, lines: &[Line]) -> String {
    let mut rows = String::new();
    for line in lines {
        let left: String = line.left.iter().map(|(e, index)| writer.write(e, *index)).collect();
        let all = sides(writer, &line.sides).join(&writer.notation.equals());
        rows += &format!("<mtr><mtd style=\"text-align:right\">{}</mtd>", mathml::row(&left));
        rows += &format!("<mtd style=\"text-align:left\">{}</mtd>", mathml::row(&format!("<mo>=</mo>{all}")));
        let notes: Vec<String> = line.notes.iter().map(|all| mathml_note(writer, all)).listed();
        rows +=
            &format!("<mtd style=\"text-align:left\">{}</mtd>", mathml::row(&notes.join("<mtext> </mtext>")));
        let number = line.number.map(|n| format!("<mtext>({n})</mtext>")).unwrap_or_default();
        rows += &format!("<mtd style=\"text-align:right\">{number}</mtd></mtr>\n");
    }
    format!(
        "<div class=\"equations\"><math display=\"block\"><mtable displaystyle=\"true\">\n{rows}</mtable></math></div>\n"
    )
}

fn mathml_note(writer: &Writer<'_>, note: &[Run]) -> String {
    // A space at the end of a text would vanish.
    let words = |text: &str| format!("<mtext>{}</mtext>", markup(text).replace(' ', "\u{a0}"));
    runs(writer, note, &words, &str::to_owned)
}

fn html_braces(writer: &Writer<'_>, left: &Expr, factors: &[[Expr; 3]], number: Option<usize>) -> String {
    let write = |e: &Expr| {
        let text = writer.write(e, Index::Whole);
        match e {
            Expr::Sum(_) => writer.notation.group(&text, false),
            _ => mathml::row(&text),
        }
    };
    let braces: Vec<String> = factors
        .iter()
        .map(|[f, d, _]| {
            let brace = format!("<munder>{}<mo stretchy=\"true\">⏟</mo></munder>", write(f));
            format!("<munder>{brace}{}</munder>", write(d))
        })
        .listed();
    let numbers: Vec<String> = factors.iter().map(|[_, _, n]| write(n)).listed();
    let number = number.map(|n| format!("<mtext>({n})</mtext>")).unwrap_or_default();
    let mut rows = format!(
        "<mtr><mtd>{}</mtd><mtd style=\"text-align:left\"><mo>=</mo>{}</mtd><mtd>{number}</mtd></mtr>\n",
        write(left),
        braces.join("<mo>·</mo>")
    );
    if factors.iter().all(|[_, _, n]| matches!(n, Expr::Datum(_) | Expr::Vector(..))) {
        let all = numbers.join("<mo>·</mo>");
        rows += &format!(
            "<mtr><mtd></mtd><mtd style=\"text-align:left\"><mo>=</mo>{all}</mtd><mtd></mtd></mtr>\n"
        );
    }
    format!(
        "<div class=\"equations\"><math display=\"block\"><mtable displaystyle=\"true\">\n{rows}</mtable></math></div>\n"
    )
}

fn html_grid(grid: &Grid, say: &impl Fn(&[Run]) -> String) -> String {
    let class = |i: usize| if grid.right.contains(&i) { " class=\"number\"" } else { "" };
    let line = |row: &[Vec<Run>], tag: &str| {
        let cells: String = row
            .iter()
            .enumerate()
            .map(|(i, cell)| format!("<{tag}{}>{}</{tag}>", class(i), say(cell)))
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let head = match grid.head.is_empty() {
        true => String::new(),
        false => format!("<thead>{}</thead>\n", line(&grid.head, "th")),
    };
    let rows: String = grid.rows.iter().map(|row| line(row, "td")).collect();
    format!("<div class=\"equations\"><table>\n{head}<tbody>{rows}</tbody></table></div>\n")
}
