//! What an order of theorems is worth: on theorems of the library as goals, each over what stands before it.
//!
//! Without a word it prints tables. `data FILE` writes what is learned from. `order ORDER EARLY FILE` measures one order; the tables are made of that.

mod extract;
mod measure;
mod orders;
mod report;

use bfv_engine_neural::Data;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

fn written(file: &str, data: &Data) -> Result<(), String> {
    std::fs::write(file, data.write()).map_err(|e| format!("{file} cannot be written: {e}."))
}

fn work(words: &[&str]) -> Result<(), String> {
    match words {
        [] => {
            let data = Arc::new(extract::data()?);
            let file = std::env::temp_dir().join(format!("bfv-ranking-{}.txt", std::process::id()));
            written(&file.display().to_string(), &data)?;
            let done = report::report(&data, &file);
            std::fs::remove_file(&file).map_err(|e| e.to_string())?;
            done
        }
        ["data", file] => written(file, &extract::data()?),
        ["order", order, early, file] => {
            let file = PathBuf::from(file);
            let text =
                std::fs::read_to_string(&file).map_err(|e| format!("{} cannot be read: {e}.", file.display()))?;
            let data = Data::read(&text).ok_or("This is no file of data.")?;
            println!("{}", measure::order(order, early, &Arc::new(data))?.line());
            Ok(())
        }
        _ => Err("Write nothing, data FILE, or order ORDER EARLY FILE.".to_owned()),
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|w| w != "--bench").collect();
    let all = move || work(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let done = std::thread::Builder::new().stack_size(bfv_service::pool::STACK).spawn(all).map(|t| t.join());
    match done {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(why))) => {
            println!("{why}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}
