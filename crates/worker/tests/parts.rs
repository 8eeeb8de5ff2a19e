//! Models in several files: what is read, and that everything else is refused with its reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_model::parts::INDEX_FILE;
use bfv_worker::Fault;
use bfv_worker::checkpoint::Checkpoint;
use bfv_worker::float::forward;
use common::Tiny;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder with a model whose tensors are dealt out to files in turn.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(tiny: &Tiny, files: usize) -> Folder {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = Folder(std::env::temp_dir().join(format!("bfv-parts-{}-{n}", std::process::id())));
        std::fs::create_dir_all(&folder.0).unwrap();
        folder.write("config.json", tiny.config().as_bytes());
        let mut map = Vec::new();
        for i in 0..files {
            let own = tiny.tensors.iter().enumerate().filter(|(t, _)| t % files == i);
            let part = Tiny { tensors: own.map(|(_, (name, e))| (name.clone(), e.clone())).collect(), ..tiny.clone() };
            folder.write(&file(i, files), &part.file());
            map.extend(part.tensors.keys().map(|name| format!("\"{name}\": \"{}\"", file(i, files))));
        }
        map.sort();
        let index = format!("{{\"metadata\": {{\"total_size\": 1}}, \"weight_map\": {{{}}}}}", map.join(", "));
        folder.write(INDEX_FILE, index.as_bytes());
        folder
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    fn index(&self) -> String {
        std::fs::read_to_string(self.0.join(INDEX_FILE)).unwrap()
    }

    fn refused(&self, why: &str) {
        let Fault::Refused(problem) = Checkpoint::open(&self.0).unwrap_err() else { panic!("{why}") };
        assert!(problem.to_string().contains(why), "{why}: {problem}");
        for sentence in [&problem.what, &problem.mend] {
            assert!(sentence.split(' ').count() <= 20 && sentence.ends_with('.') && sentence.is_ascii(), "{sentence}");
        }
    }

    /// With an index in which this stands in place of that.
    fn with(self, from: &str, to: &str) -> Folder {
        let index = self.index();
        assert!(index.contains(from), "{from}");
        self.write(INDEX_FILE, index.replacen(from, to, 1).as_bytes());
        self
    }
}

fn file(i: usize, of: usize) -> String {
    format!("model-{:05}-of-{of:05}.safetensors", i + 1)
}

#[test]
fn a_model_in_several_files_is_the_same_model() {
    let (tiny, tokens) = (Tiny::new(5), [1, 5, 12, 0]);
    let expected = forward(&tiny.checkpoint(), &tokens).unwrap().0;
    for files in [1, 2, 3, 7] {
        let folder = Folder::new(&tiny, files);
        let model = Checkpoint::open(&folder.0).unwrap();
        assert_eq!(forward(&model, &tokens).unwrap().0, expected, "{files} files");
    }
    // What is no part of it is not read.
    let folder = Folder::new(&tiny, 2).with("\"metadata\": {\"total_size\": 1}, ", "");
    folder.write("other.safetensors", b"x");
    Checkpoint::open(&folder.0).unwrap();
}

#[test]
fn no_file_outside_of_the_folder_is_read() {
    let name = file(0, 2);
    for path in [
        "../x.safetensors",
        "/etc/x.safetensors",
        "a/x.safetensors",
        "a\\\\x.safetensors",
        "..safetensors",
        ".safetensors",
        "x.bin",
        "x safetensors",
        "",
        "C:x.safetensors",
        "\\u00fc.safetensors",
    ] {
        Folder::new(&Tiny::new(5), 2).with(&name, path).refused("is no file of safetensors beside the index.");
    }
    Folder::new(&Tiny::new(5), 2).with(&format!("\"{name}\""), "3").refused("number");
}

#[test]
fn every_tensor_stands_once_where_the_index_says() {
    let (one, two) = (file(0, 2), file(1, 2));
    let tiny = Tiny::new(5);
    let [first, second] = [0, 1].map(|i| tiny.tensors.keys().nth(i).unwrap().clone());
    // The index names the other file, or a tensor that no file has, or leaves one out.
    let said = |name: &str, file: &str| format!("\"{name}\": \"{file}\"");
    let moved = Folder::new(&tiny, 2).with(&said(&first, &one), &said(&first, &two));
    moved.refused(&format!("The index does not have the tensor \"{first}\" in this file."));
    let more = Folder::new(&tiny, 2).with(&said(&first, &one), &format!("{}, {}", said(&first, &one), said("a", &two)));
    more.refused(&format!("At file {two}: It does not have the tensor \"a\", as the index says."));
    let less = Folder::new(&tiny, 2).with(&format!("{}, ", said(&first, &one)), "");
    less.refused(&format!("At file {one}: The index does not have the tensor \"{first}\" in this file."));
    let twice =
        Folder::new(&tiny, 2).with(&said(&first, &one), &format!("{}, {}", said(&first, &one), said(&first, &two)));
    twice.refused("stands twice.");
    // Both files have it.
    let folder = Folder::new(&tiny, 2);
    let mut both = tiny.clone();
    both.tensors.retain(|name, _| *name == first || tiny.tensors.keys().position(|n| n == name).unwrap() % 2 == 1);
    folder.write(&two, &both.file());
    folder.refused(&format!("At file {two}: The index does not have the tensor \"{first}\" in this file."));
    // What the index and the files agree on is a tensor that the model has not.
    let mut surplus = Tiny::new(5);
    let e = surplus.tensors[&second].clone();
    surplus.tensors.insert("zzz".into(), e);
    Folder::new(&surplus, 2).refused("tensor zzz: A model of this config.json has no such tensor.");
}

#[test]
fn a_malformed_part_or_index_is_refused_with_its_name() {
    let tiny = Tiny::new(5);
    let (folder, name) = (Folder::new(&tiny, 2), file(1, 2));
    let good = std::fs::read(folder.0.join(&name)).unwrap();
    folder.write(&name, &good[..good.len() - 1]);
    folder.refused(&format!("At file {name}, "));
    std::fs::remove_file(folder.0.join(&name)).unwrap();
    let Fault::Files(path, _) = Checkpoint::open(&folder.0).unwrap_err() else { panic!("a file is missing") };
    assert!(path.ends_with(&name), "{}", path.display());
    for (index, why) in [
        ("", "model.safetensors.index.json, "),
        ("[]", "model.safetensors.index.json, "),
        ("{}", "The field weight_map is missing."),
        ("{\"weight_map\": {}}", "The index has no tensors."),
        ("{\"weight_map\": [], \"x\": 1}", "The field \"x\" is not known here."),
        ("{\"weight_map\": {\"\\u00fc\": \"a.safetensors\"}}", "is no name of a tensor."),
    ] {
        folder.write(INDEX_FILE, index.as_bytes());
        folder.refused(why);
    }
    let many: Vec<String> = (0..1025).map(|i| format!("\"t{i}\": \"{i}.safetensors\"")).collect();
    folder.write(INDEX_FILE, format!("{{\"weight_map\": {{{}}}}}", many.join(",")).as_bytes());
    folder.refused("The index has 1025 files, and may have 1024.");
}

#[test]
fn one_file_and_an_index_contradict_each_other() {
    let tiny = Tiny::new(5);
    let folder = Folder::new(&tiny, 2);
    folder.write("model.safetensors", &tiny.file());
    folder.refused("Keep one of the two.");
    std::fs::remove_file(folder.0.join(INDEX_FILE)).unwrap();
    Checkpoint::open(&folder.0).unwrap();
}
