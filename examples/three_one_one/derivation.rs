//! The paper's derivation as MathML.

/// ∂L/∂W and ∂L/∂b of A = σ(W·X + b), L = ½·(A − Y)², by the chain rule.
pub(crate) fn of_the_network_as_written() -> String {
    let [l, a, z, w, b, x, y] = ["L", "A", "Z", "W", "b", "X", "Y"].map(|name| format!("<mi>{name}</mi>"));
    let difference = format!("{a}<mo>−</mo>{y}");
    let slope = format!("{a}{}", parentheses(&format!("<mn>1</mn><mo>−</mo>{a}")));
    let outer = parentheses(&difference);
    let mut out = String::from("<h3>The forward pass</h3>");
    out += &lines(&[
        (z.clone(), format!("{w}<mo>⋅</mo>{x}<mo>+</mo>{b}")),
        (a.clone(), format!("<mi>σ</mi>{}", parentheses(&z))),
        (l.clone(), format!("{}<msup>{outer}<mn>2</mn></msup>", fraction("<mn>1</mn>", "<mn>2</mn>"))),
    ]);
    out += "<h3>The factors of the chain rule</h3>";
    out += &lines(&[
        (partial(&l, &a), difference),
        (partial(&a, &z), slope.clone()),
        (partial(&z, &w), x.clone()),
        (partial(&z, &b), "<mn>1</mn>".to_owned()),
    ]);
    out += "<h3>Their products</h3>";
    let factors = [(&l, &a), (&a, &z)].map(|(of, by)| partial(of, by)).join("<mo>⋅</mo>");
    for (by, last) in [(&w, format!("<mo>⋅</mo>{x}")), (&b, String::new())] {
        let product = format!("{factors}<mo>⋅</mo>{}", partial(&z, by));
        let value = format!("{outer}<mo>⋅</mo>{slope}{last}");
        out += &lines(&[(
            partial(&l, by),
            format!("{product}</mtd></mtr><mtr><mtd></mtd><mtd><mo>=</mo></mtd><mtd>{value}"),
        )]);
    }
    out
}

/// Equations below each other, aligned at their signs.
fn lines(equations: &[(String, String)]) -> String {
    let rows = equations
        .iter()
        .map(|(left, right)| format!("<mtr><mtd>{left}</mtd><mtd><mo>=</mo></mtd><mtd>{right}</mtd></mtr>"));
    format!(
        "<math display=\"block\"><mtable displaystyle=\"true\">{}</mtable></math>",
        rows.collect::<String>()
    )
}

fn fraction(above: &str, below: &str) -> String {
    format!("<mfrac><mrow>{above}</mrow><mrow>{below}</mrow></mfrac>")
}

fn partial(of: &str, by: &str) -> String {
    fraction(&format!("<mo>∂</mo>{of}"), &format!("<mo>∂</mo>{by}"))
}

fn parentheses(inner: &str) -> String {
    format!("<mrow><mo stretchy=\"false\">(</mo>{inner}<mo stretchy=\"false\">)</mo></mrow>")
}
