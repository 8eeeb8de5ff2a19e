//! Writes the goals of a folder as files of the language: `translate FROM TO`. What has no translation is said with the reason.

use bfv_goals::{Fault, Goal, inhabit, logic, tip};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(from), Some(to)) = (words.next(), words.next()) else {
        return Err("Say from which folder and to which folder.".into());
    };
    let (from, to) = (Path::new(&from), Path::new(&to));
    std::fs::create_dir_all(to)?;
    let (mut written, mut refused) = (0, 0);
    let mut take = |goal: Result<Goal, Fault>| -> std::io::Result<()> {
        match goal {
            Ok(goal) => {
                let name = goal.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                std::fs::write(to.join(format!("{name}.sctt")), goal.file())?;
                written += 1;
            }
            Err(fault) => {
                println!("{fault}");
                refused += 1;
            }
        }
        Ok(())
    };
    let mut files: Vec<_> = std::fs::read_dir(from)?.map(|f| f.map(|f| f.path())).collect::<Result<_, _>>()?;
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "json") && !f.ends_with("index.json")) {
        let text = std::fs::read_to_string(file)?;
        if text.trim_start().starts_with('[') {
            for goal in logic(&text)? {
                take(goal)?;
            }
        } else if text.contains("\"datatypes\"") {
            take(tip(&text))?;
        } else {
            take(inhabit(&text))?;
        }
    }
    println!("{written} goals were written to {}, and {refused} have no translation.", to.display());
    Ok(())
}
