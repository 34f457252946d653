//! The header on a machine that knows nothing of the engine: compiled by the system's C compiler, and asked.

use crate::training::{Answer, PIXELS, Reader};
use std::error::Error;
use std::io;
use std::path::Path;
use std::process::{Command, Output};

/// Reads pictures from its input and writes the bits of the answers.
const MAIN: &str = r#"#include <stdio.h>
#define DIGITS_VALUES
#include "digits.h"

int main(void) {
  static _Alignas(64) char work[DIGITS_WORK];
  float picture[64];
  while (fread(picture, sizeof picture, 1, stdin) == 1) {
    if (digits_run(digits_parameters, picture, work)) return 1;
    printf("%d", (int)*digits_digit(work));
    for (int i = 0; i < 10; ++i) {
      unsigned bits;
      memcpy(&bits, digits_logits(work) + i, sizeof bits);
      printf(" %08x", bits);
    }
    printf("\n");
  }
  return 0;
}
"#;

/// What a firmware would have of it: one function.
const FIRMWARE: &str = "#define DIGITS_VALUES\n#include \"digits.h\"\n\
    int read_digit(const float *picture, void *work) {\n\
    \x20 return digits_run(digits_parameters, picture, work) ? -1 : (int)*digits_digit(work);\n}\n";

/// Compiles the header, and compares its answers with the engine's. Tells whether all are the same to the last bit; true
/// without a compiler.
pub(crate) fn compare(folder: &Path, reader: &Reader, expected: &[Answer]) -> Result<bool, Box<dyn Error>> {
    std::fs::write(folder.join("main.c"), MAIN)?;
    std::fs::write(folder.join("firmware.c"), FIRMWARE)?;
    if Command::new("cc").arg("--version").output().is_err() {
        println!("no C compiler: the header is not asked");
        return Ok(true);
    }
    // `-fstack-usage` writes what each function takes of the stack.
    let small =
        ["-std=c11", "-Os", "-ffreestanding", "-ffp-contract=off", "-fno-math-errno", "-fstack-usage", "-c"];
    cc(folder, &small, &["firmware.c", "-o", "firmware.o"])?;
    sizes(folder)?;
    cc(
        folder,
        &["-std=c11", "-O2", "-ffp-contract=off", "-fno-math-errno"],
        &["main.c", "-o", "digits", "-lm"],
    )?;

    std::fs::write(
        folder.join("pictures"),
        reader.pictures.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<u8>>(),
    )?;
    let input = std::fs::File::open(folder.join("pictures"))?;
    let out = Command::new(std::fs::canonicalize(folder.join("digits"))?).stdin(input).output()?;
    let answers: Vec<Answer> =
        checked(out)?.lines().map(parsed).collect::<Option<_>>().ok_or("an answer is not one")?;
    let same = answers == expected;
    let count = reader.pictures.len() / PIXELS;
    println!(
        "C gives the engine's answers, to the last bit, for {count} pictures: {}",
        if same { "yes" } else { "NO" }
    );
    Ok(same)
}

fn parsed(line: &str) -> Option<Answer> {
    let mut words = line.split(' ');
    let digit = words.next()?.parse().ok()?;
    let logits = words.map(|word| u32::from_str_radix(word, 16).ok()).collect::<Option<_>>()?;
    Some(Answer { digit, logits })
}

fn cc(folder: &Path, options: &[&str], files: &[&str]) -> Result<(), Box<dyn Error>> {
    checked(Command::new("cc").current_dir(folder).args(options).args(files).output()?)?;
    Ok(())
}

/// What the firmware takes: code and constants, and the stack.
fn sizes(folder: &Path) -> io::Result<()> {
    if let Ok(out) = Command::new("size").current_dir(folder).arg("firmware.o").output() {
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        if let Some(bytes) = text.lines().nth(1).and_then(|line| line.split_whitespace().next()) {
            println!("firmware with -Os: {bytes} bytes of code and constants");
        }
    }
    if let Ok(stack) = std::fs::read_to_string(folder.join("firmware.su")) {
        let bytes = stack.lines().filter_map(|line| line.split('\t').nth(1)?.parse::<usize>().ok()).max();
        println!("stack of its largest function: {} bytes", bytes.unwrap_or(0));
    }
    Ok(())
}

fn checked(out: Output) -> Result<String, Box<dyn Error>> {
    if !out.status.success() {
        return Err(format!("{}{}", String::from_utf8_lossy(&out.stderr), out.status).into());
    }
    Ok(String::from_utf8(out.stdout)?)
}
