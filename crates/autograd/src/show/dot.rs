//! A tape in Graphviz's language.

use super::graph::{CardGraph, PicturePart};
use super::style::{CURRENT, SEED};
use crate::lists::IntoList;
use crate::text::quoted;

/// The graph, with a cluster for each scope.
pub(super) fn write(graph: &CardGraph) -> String {
    let mut out = String::from("digraph tape {\n");
    let title: Vec<&str> =
        [Some(&graph.title), graph.note.as_ref()].into_iter().flatten().map(String::as_str).listed();
    if title.iter().any(|line| !line.is_empty()) {
        let label = quoted(title.join("\n").trim());
        out += &format!("  label={label};\n  labelloc=t;\n  fontname=\"monospace\";\n");
    }
    out += "  node [shape=box, style=\"filled,rounded\", fontname=\"monospace\", fontsize=10];\n";
    out += "  edge [color=\"#7b8794\", arrowsize=0.7];\n";
    parts(&mut out, graph, &graph.parts, &mut 0, 1);
    for (from, to) in &graph.edges {
        out += &format!("  n{from} -> n{to};\n");
    }
    for (from, to) in &graph.seeds {
        out += &format!("  n{from} -> n{to} [style=dashed, color={}];\n", quoted(SEED));
    }
    out + "}\n"
}

fn parts(out: &mut String, graph: &CardGraph, list: &[PicturePart], clusters: &mut usize, depth: usize) {
    let indent = "  ".repeat(depth);
    for part in list {
        match part {
            PicturePart::Card(card) => *out += &format!("{indent}{}\n", node(graph, *card)),
            PicturePart::Scope { name, parts: inner } => {
                *out += &format!("{indent}subgraph cluster_{clusters} {{\n");
                *out += &format!(
                    "{indent}  label={}; labeljust=l; fontname=\"monospace\"; color=\"#9aa5b1\"; style=rounded;\n",
                    quoted(name)
                );
                *clusters += 1;
                parts(out, graph, inner, clusters, depth + 1);
                *out += &format!("{indent}}}\n");
            }
        }
    }
}

fn node(graph: &CardGraph, number: usize) -> String {
    let card = &graph.cards[number];
    let (last, before) =
        card.data.split_last().map_or(("", &[][..]), |(last, before)| (last.as_str(), before));
    let value = match &card.gradient {
        Some(gradient) => format!("{last} | {gradient}"),
        None => last.to_owned(),
    };
    let lines: Vec<&str> = [card.heading.as_str()]
        .into_iter()
        .chain(before.iter().map(String::as_str))
        .chain([&*value])
        .listed();
    let style = card.kind.style();
    let dashed = if style.dashed { ", style=\"filled,rounded,dashed\"" } else { "" };
    let (stroke, width) = if card.current { (CURRENT, ", penwidth=4") } else { (style.stroke, "") };
    format!(
        "n{number} [label={}, tooltip={}, fillcolor=\"{}\", color=\"{stroke}\"{width}{dashed}];",
        quoted(&lines.join("\n")),
        quoted(&card.tip),
        style.fill,
    )
}
