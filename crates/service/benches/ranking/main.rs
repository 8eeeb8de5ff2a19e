//! What an order of theorems is worth: on theorems of the library as goals, each over what stands before it.

mod extract;
mod measure;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|w| w != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let work = match words.as_slice() {
        ["data", file] => {
            let file = (*file).to_owned();
            std::thread::Builder::new().stack_size(bfv_service::pool::STACK).spawn(move || {
                std::fs::write(&file, extract::data()?.write()).map_err(|e| format!("{file} cannot be written: {e}."))
            })
        }
        ["order", order, early, file, weights] => {
            let [order, early, file, weights] = [*order, *early, *file, *weights].map(str::to_owned);
            std::thread::Builder::new()
                .stack_size(bfv_service::pool::STACK)
                .spawn(move || measure::order(&order, &early, &file, &weights))
        }
        _ => {
            println!("Write data FILE, or order ORDER EARLY FILE WEIGHTS.");
            return ExitCode::from(2);
        }
    };
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(why))) => {
            println!("{why}");
            ExitCode::FAILURE
        }
        _ => ExitCode::FAILURE,
    }
}
