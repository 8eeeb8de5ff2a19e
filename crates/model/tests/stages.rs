//! Which layers the workers of a splitting configuration run one after the other, and the file of what passes between them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_exact::Matrix;
use bfv_exact::commit::stream_root;
use bfv_model::splitting::Splitting;
use bfv_model::stream;

/// A configuration whose workers have these shared, core and last layers.
fn splitting(workers: &[[&str; 3]]) -> Result<Splitting, String> {
    let worker = |(i, [shared, core, head]): (usize, &[&str; 3])| {
        format!(
            r#"{{"worker_id": "w{i}", "capability_focus": "any", "layer_selection": {{"shared_base": [{shared}],
              "specialized_core": [{core}], "output_head": [{head}]}}, "fine_tune_dataset": "none", "pruning_threshold": 0}}"#
        )
    };
    let all: Vec<String> = workers.iter().enumerate().map(worker).collect();
    let text = format!(
        r#"{{"strategy": "layers", "base_model": "tiny", "workers": [{}], "fusion_strategy": "none",
          "fusion_hyperparams": {{"smoothness_order": 0, "combination_weights_learnable": false, "confidence_weighting": false}}}}"#,
        all.join(", ")
    );
    Splitting::read(text.as_bytes()).map_err(|why| why.to_string())
}

fn stages(workers: &[[&str; 3]]) -> Result<Vec<(String, u32, u32)>, String> {
    let s = splitting(workers).unwrap();
    assert!(!s.workers.is_empty());
    let stages = s.stages().map_err(|p| {
        for sentence in [&p.what, &p.mend] {
            assert!(sentence.split(' ').count() <= 20 && sentence.is_ascii() && sentence.ends_with('.'), "{sentence}");
        }
        p.to_string()
    })?;
    Ok(stages.into_iter().map(|(name, layers)| (name.to_owned(), layers.start, layers.end)).collect())
}

#[test]
fn layers_that_follow_on_each_other_are_stages() {
    let of = |all: &[(&str, u32, u32)]| Ok(all.iter().map(|(n, a, z)| ((*n).to_owned(), *a, *z)).collect::<Vec<_>>());
    assert_eq!(stages(&[["0", "", ""]]), of(&[("w0", 0, 1)]));
    assert_eq!(stages(&[["0", "", ""], ["0", "1", ""]]), of(&[("w0", 0, 1), ("w1", 1, 2)]));
    assert_eq!(
        stages(&[["0, 1", "2", ""], ["0, 1", "3, 4", ""], ["0, 1", "5", "6, 7"]]),
        of(&[("w0", 0, 3), ("w1", 3, 5), ("w2", 5, 8)])
    );
    assert_eq!(stages(&[["0", "1", "2"], ["0", "", "3"]]), of(&[("w0", 0, 3), ("w1", 3, 4)]));
}

#[test]
fn workers_that_answer_side_by_side_are_no_stages() {
    let wrong = |workers: &[[&str; 3]], why: &str| {
        let said = stages(workers).unwrap_err();
        assert!(said.contains(why), "{said}");
    };
    // Twice, in another order, with a gap, with none of its own.
    wrong(&[["0", "1", ""], ["0", "1", ""]], "Worker w1 has layer 1, and layer 2 comes next.");
    wrong(&[["0", "2", ""], ["0", "1", ""]], "Worker w0 has layer 2, and layer 1 comes next.");
    wrong(&[["0", "1", "3"], ["0", "2", ""]], "Worker w0 has layer 3, and layer 2 comes next.");
    wrong(&[["0", "1", "2"], ["0", "1", "2"]], "Worker w1 has layer 1, and layer 3 comes next.");
    wrong(&[["0", "1", ""], ["0", "", ""]], "Worker w1 has no layers of its own.");
    // All workers have the first layer.
    assert!(splitting(&[["", "0", ""]]).unwrap_err().contains("The list has 0 entries"));
    // The example of the source text is an ensemble.
    let source = Splitting::read(include_bytes!("examples/splitting.json")).unwrap();
    let why = source.stages().unwrap_err().to_string();
    assert!(why.contains("Worker worker-logic-001 has layer 12, and layer 4 comes next."), "{why}");
}

fn some() -> Matrix<i32> {
    Matrix::new("x", 2, 3, vec![0, -1, 1, (1 << 23) - 1, -(1 << 23), 77]).unwrap()
}

#[test]
fn a_stream_is_read_back() {
    let bytes = stream::write(&some()).unwrap();
    assert_eq!(bytes.len(), 5 + 8 + 4 + 32 + 4 + 18);
    assert_eq!(bytes[17..49], *stream_root(&some()).unwrap().as_bytes());
    assert_eq!(stream::read(&bytes).unwrap(), some());
}

#[test]
fn other_bytes_of_a_stream_are_refused() {
    let bytes = stream::write(&some()).unwrap();
    for end in 0..bytes.len() {
        assert!(stream::read(&bytes[..end]).unwrap_err().to_string().contains("cut off"), "{end}");
    }
    let said = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut other = bytes.clone();
        change(&mut other);
        stream::read(&other).unwrap_err().to_string()
    };
    // Every bit is bound by the root or by the frame.
    for bit in 0..bytes.len() * 8 {
        said(&|b| b[bit / 8] ^= 1 << (bit % 8));
    }
    assert!(said(&|b| b.push(0)).contains("left over"));
    assert!(said(&|b| b[0] = b'B').contains("no such bytes"));
    assert!(said(&|b| b[4] = 2).contains("the version is 2"));
    assert!(said(&|b| b[60] ^= 1).contains("not those of its root"));
    // Three by two has other rows, though as many numbers.
    assert!(said(&|b| (b[5], b[9]) = (3, 2)).contains("not those of its root"));
    assert!(said(&|b| b[5] = 0).contains("there are 0 rows"));
    assert!(said(&|b| b[5] = 9).contains("and must be 81"));
    assert!(said(&|b| b[5..13].fill(0xff)).contains("there must be 1 to"));
    let length = said(&|b| b[49..53].fill(0xff));
    assert!(length.contains("and may be") || length.contains("cut off"), "{length}");
}
