//! Files of tensors: what the common writer writes is read, and attack 50 of the design is answered in all its forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_model::Problem;
use bfv_model::safetensors::{Dtype, HEADER_LIMIT, read, write};
use safetensors::tensor::{Dtype as Common, TensorView, serialize};

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn entry(name: &str, dtype: &str, shape: &str, from: usize, to: usize) -> String {
    format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[{from},{to}]}}")
}

fn problem(header: &str, data: &[u8]) -> Problem {
    let problem = read(&file(header, data)).unwrap_err();
    for sentence in [&problem.what, &problem.mend] {
        assert!(sentence.split(' ').count() <= 20 && sentence.ends_with('.') && sentence.is_ascii(), "{sentence}");
    }
    problem
}

fn refused(header: &str, data: &[u8], what: &str) {
    let found = problem(header, data);
    assert!(found.what.contains(what), "{found}");
}

/// Two tensors of eight bytes each.
fn two(first: &str, second: &str) -> String {
    format!("{{{first},{second}}}")
}

#[test]
fn what_the_common_writer_writes_is_read() {
    let data: Vec<u8> = (0..64).collect();
    let kinds = [(Common::F32, Dtype::F32, 4), (Common::F16, Dtype::F16, 2), (Common::BF16, Dtype::Bf16, 2)];
    let more = [(Common::I8, Dtype::I8, 1), (Common::I16, Dtype::I16, 2)];
    for (common, own, bytes) in kinds.into_iter().chain(more) {
        let a = TensorView::new(common, vec![2, 3], &data[..6 * bytes]).unwrap();
        let b = TensorView::new(common, vec![2, 1, 2], &data[6 * bytes..10 * bytes]).unwrap();
        let note = [("format".to_owned(), "pt".to_owned())].into_iter().collect();
        let file = serialize([("a.weight", &a), ("b", &b)], Some(note)).unwrap();
        let tensors = read(&file).unwrap();
        assert_eq!(tensors.len(), 2);
        assert_eq!((tensors["a.weight"].dtype, tensors["a.weight"].shape.dims()), (own, [2, 3].as_slice()));
        assert_eq!(tensors["a.weight"].bytes, &data[..6 * bytes]);
        assert_eq!(tensors["b"].bytes, &data[6 * bytes..10 * bytes]);
    }
}

#[test]
fn what_is_written_is_read_by_both() {
    let tensors = [
        ("one".to_owned(), Dtype::I8, vec![3], vec![1, 2, 3]),
        ("two".to_owned(), Dtype::I16, vec![2, 1], vec![4, 5, 6, 7]),
    ];
    let file = write(&tensors);
    let own = read(&file).unwrap();
    assert_eq!((own["one"].bytes, own["two"].bytes), ([1, 2, 3].as_slice(), [4, 5, 6, 7].as_slice()));
    let common = safetensors::SafeTensors::deserialize(&file).unwrap();
    assert_eq!(common.tensor("two").unwrap().data(), [4, 5, 6, 7]);
    assert_eq!(common.tensor("two").unwrap().shape(), [2, 1]);
}

#[test]
fn attack_50_duplicate_names() {
    let header = two(&entry("a", "F32", "[2]", 0, 8), &entry("a", "F32", "[2]", 8, 16));
    refused(&header, &[0; 16], "The name \"a\" stands twice.");
    // The common reader takes this file, and keeps the last.
    let header = two(&entry("a", "F32", "[2]", 0, 8), &entry("a", "I16", "[4]", 0, 8));
    refused(&header, &[0; 8], "The name \"a\" stands twice.");
    let both = file(&header, &[0; 8]);
    let common = safetensors::SafeTensors::deserialize(&both).unwrap();
    assert_eq!(common.tensor("a").unwrap().dtype(), Common::I16);
    let escaped = two(&entry("a", "F32", "[2]", 0, 8), &entry("\\u0061", "F32", "[2]", 8, 16));
    refused(&escaped, &[0; 16], "The name \"a\" stands twice.");
    let inside = "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    refused(inside, &[0; 8], "The name \"dtype\" stands twice.");
}

#[test]
fn attack_50_names_that_look_alike() {
    // The letter e with an accent, composed and decomposed; a Cyrillic a; invisible ones.
    for twin in ["caf\u{e9}", "cafe\u{301}", "\u{430}", "a\u{200b}", "a b", "a\\u0000", "", &"a".repeat(129)] {
        let header = two(&entry("a", "F32", "[2]", 0, 8), &entry(twin, "F32", "[2]", 8, 16));
        refused(&header, &[0; 16], "is no name of a tensor.");
    }
}

#[test]
fn attack_50_overlaps_and_gaps() {
    let pair = |a: (usize, usize), b: (usize, usize)| {
        two(&entry("a", "F32", "[2]", a.0, a.1), &entry("b", "F32", "[2]", b.0, b.1))
    };
    read(&file(&pair((0, 8), (8, 16)), &[0; 16])).unwrap();
    // The order in the header does not matter.
    read(&file(&pair((8, 16), (0, 8)), &[0; 16])).unwrap();
    refused(&pair((0, 8), (0, 8)), &[0; 8], "overlaps another");
    refused(&pair((0, 8), (4, 12)), &[0; 12], "overlaps another");
    refused(&pair((4, 12), (0, 8)), &[0; 12], "overlaps another");
    refused(&pair((0, 8), (9, 17)), &[0; 17], "a gap from byte 8 to 9");
    refused(&pair((1, 9), (9, 17)), &[0; 17], "a gap from byte 0 to 1");
    refused(&pair((0, 8), (8, 16)), &[0; 17], "1 bytes follow the last tensor.");
    refused(&pair((0, 8), (8, 16)), &[0; 15], "ends at byte 16, and there are 15");
}

#[test]
fn attack_50_shapes_and_offsets_that_lie() {
    let one = |dtype: &str, shape: &str, from: &str, to: &str| {
        let offsets = format!("\"data_offsets\":[{from},{to}]");
        format!("{{\"a\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},{offsets}}}}}")
    };
    read(&file(&one("F32", "[2]", "0", "8"), &[0; 8])).unwrap();
    for (dtype, shape, from, to, what) in [
        ("F32", "[3]", "0", "8", "do not hold the 12 bytes"),
        ("F32", "[1]", "0", "8", "do not hold the 4 bytes"),
        ("F16", "[2]", "0", "8", "do not hold the 4 bytes"),
        ("F32", "[2]", "8", "0", "do not hold"),
        // Products that wrap to 8 bytes, or to nothing.
        ("F32", "[4294967295, 4294967295, 4294967295]", "0", "8", "The dimensions"),
        ("F32", "[65536, 65536, 65536, 65536]", "0", "0", "The dimensions"),
        ("F32", "[4294967296, 4294967296]", "0", "0", "no whole number"),
        ("F32", "[1099511627776]", "0", "8", "no whole number"),
        ("F32", "[0]", "0", "0", "no whole number"),
        ("F32", "[-2]", "0", "8", "no whole number"),
        ("F32", "[2.0]", "0", "8", "no whole number"),
        ("F32", "[2, 1, 1, 1, 1]", "0", "8", "The list has 5 entries"),
        ("F32", "[]", "0", "4", "The list has 0 entries"),
        ("F32", "[1073741824]", "0", "4294967296", "there are 8 bytes"),
        ("F32", "[2]", "18446744073709551608", "18446744073709551616", "is no offset"),
        ("F32", "[2]", "18446744073709551607", "18446744073709551615", "there are 8 bytes"),
        ("F32", "[2]", "0", "8e0", "is no offset"),
        ("F32", "[2]", "-0", "8", "is no offset"),
        ("F32", "[2]", "0, 8", "8", "The list has 3 entries"),
        ("F64", "[1]", "0", "8", "\"F64\" is not known here."),
        ("f32", "[2]", "0", "8", "\"f32\" is not known here."),
        ("U8", "[8]", "0", "8", "\"U8\" is not known here."),
        ("F8_E4M3", "[8]", "0", "8", "is not known here."),
    ] {
        refused(&one(dtype, shape, from, to), &[0; 8], what);
    }
    let stride = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"stride\":[1],\"data_offsets\":[0,8]}}";
    refused(stride, &[0; 8], "The field \"stride\" is not known here.");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", &[0; 8], "The field data_offsets is missing.");
    refused("{\"a\":[1]}", &[], "This is a list, and must be an object.");
    refused("{\"__metadata__\":{\"a\":1}}", &[], "This is a number, and must be a text.");
}

#[test]
fn attack_50_headers_that_lie() {
    let start = |bytes: &[u8], what: &str| {
        let problem = read(bytes).unwrap_err();
        assert!(problem.what.contains(what), "{problem}");
    };
    start(&[], "fewer than eight bytes");
    start(&[0; 7], "fewer than eight bytes");
    for length in [HEADER_LIMIT + 1, 100_000_000, u64::MAX] {
        start(&length.to_le_bytes(), &format!("The header has {length} bytes"));
    }
    start(&[&9u64.to_le_bytes()[..], b"{}"].concat(), "is cut off");
    start(&file("\u{20}{}", &[]), "does not begin with a brace");
    start(&[&2u64.to_le_bytes()[..], &[0xff, 0xff]].concat(), "no text in UTF-8");
    start(&file("{} x", &[]), "Something follows the value.");
    start(&file("{}", &[0]), "1 bytes follow");
    // Spaces at the end are those of the format, which aligns the data.
    assert!(read(&file("{}  ", &[])).unwrap().is_empty());
}

#[test]
fn changed_headers_never_panic() {
    let header = two(&entry("a", "F32", "[2, 1]", 0, 8), &entry("b", "I16", "[4]", 8, 16));
    let good = file(&header, &[0; 16]);
    let before = read(&good).unwrap().len();
    assert_eq!(before, 2);
    for end in 0..good.len() {
        read(&good[..end]).unwrap_err();
    }
    let mut accepted = 0;
    for at in 0..good.len() - 16 {
        for byte in 0..=255 {
            let mut changed = good.clone();
            changed[at] = byte;
            accepted += usize::from(read(&changed).is_ok());
        }
    }
    // Names may be others, and little else: the 2 bytes of names, a space, and what stands there already.
    assert!(accepted < 2 * 95 + 256 * 2, "{accepted}");
}
