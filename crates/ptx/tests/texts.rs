//! Small texts: what each instruction does, and what is refused when a text is read or run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_ptx::{Fault, Launch, Memory, Module, launch};

const HEAD: &str = ".version 8.0\n.target sm_80\n.address_size 64\n";

/// A kernel with this body, over registers of all kinds; its argument is the address of memory.
fn text(body: &str) -> String {
    format!(
        "{HEAD}.visible .entry k(\n.param .u64 k_0\n)\n{{\n.reg .pred %p<4>;\n.reg .b16 %rs<4>;\n.reg .b32 %r<10>;\n\
         .reg .b64 %rd<8>;\n.shared .align 8 .b8 room[256];\nld.param.u64 %rd1, [k_0];\n{body}\nret;\n}}\n"
    )
}

fn started(body: &str, threads: u32, memory: &mut [Memory]) -> Result<u64, Fault> {
    let module = Module::read(&text(body)).unwrap();
    let how = Launch { grid: [1, 1], block: [threads, 1], arguments: vec![Launch::address(0)], steps: 10_000 };
    launch(module.kernel("k").unwrap(), &how, memory)
}

/// What one thread leaves in %r1, %rd2 or %rs1, as 64 bits.
fn left(body: &str, register: &str, bits: u32) -> u64 {
    let mut memory = [Memory::new(vec![0; 8])];
    started(&format!("{body}\nst.global.u{bits} [%rd1], {register};"), 1, &mut memory).unwrap();
    u64::from_le_bytes(memory[0].bytes().unwrap().try_into().unwrap())
}

fn word(body: &str) -> u32 {
    u32::try_from(left(body, "%r1", 32)).unwrap()
}

fn long(body: &str) -> u64 {
    left(body, "%rd2", 64)
}

#[test]
fn instructions_do_what_the_manual_says() {
    let words = [
        ("add.s32 %r1, 7, -9;", -2i32),
        ("sub.s32 %r1, -2147483648, 1;", i32::MAX),
        ("mul.lo.s32 %r1, 65536, 65537;", 65_536),
        ("mad.lo.s32 %r1, -3, 5, 4;", -11),
        ("div.s32 %r1, -7, 2;", -3),
        ("div.u32 %r1, -7, 2;", 0x7fff_fffc),
        ("min.s32 %r1, -1, 1;", -1),
        ("min.u32 %r1, -1, 1;", 1),
        ("max.u32 %r1, -1, 1;", -1),
        ("shl.b32 %r1, 3, 31;", i32::MIN),
        ("shl.b32 %r1, 3, 32;", 0),
        ("shr.u32 %r1, -1, 28;", 15),
        ("shr.s32 %r1, -8, 1;", -4),
        ("shr.s32 %r1, -8, 99;", -1),
        ("not.b32 %r1, 5;", -6),
        ("neg.s32 %r1, 5;", -5),
        ("abs.s32 %r1, -5;", 5),
        ("xor.b32 %r1, 12, 10;", 6),
    ];
    for (body, expected) in words {
        assert_eq!(word(body), expected.cast_unsigned(), "{body}");
    }
    assert_eq!(word("shf.r.wrap.b32 %r1, 305419896, 305419896, 40;"), 0x7812_3456);
    assert_eq!(word("setp.lt.s32 %p1, -1, 1;\nselp.b32 %r1, 3, 4, %p1;"), 3);
    assert_eq!(word("setp.lt.u32 %p1, -1, 1;\nselp.b32 %r1, 3, 4, %p1;"), 4);
    assert_eq!(word("dp4a.s32.s32 %r1, -1, -2139062144, 1;"), 1 + 4 * 128);
    assert_eq!(word("dp4a.s32.u32 %r1, -1, -2139062144, 1;").cast_signed(), 1 - 4 * 128);
    assert_eq!(word("dp4a.u32.u32 %r1, -1, -2139062144, 1;"), 1 + 4 * 255 * 128);
    assert_eq!(long("mul.wide.s32 %rd2, -3, 5;").cast_signed(), -15);
    assert_eq!(long("mul.wide.u32 %rd2, -1, -1;"), u64::from(u32::MAX) * u64::from(u32::MAX));
    assert_eq!(long("mul.hi.u64 %rd2, -1, -1;"), u64::MAX - 1);
    assert_eq!(long("mul.lo.s64 %rd2, -1, -5;"), 5);
    assert_eq!(long("mov.u32 %r1, -5;\ncvt.s64.s32 %rd2, %r1;").cast_signed(), -5);
    assert_eq!(long("mov.u32 %r1, -5;\ncvt.u64.u32 %rd2, %r1;"), 0xffff_fffb);
    assert_eq!(long("mov.b64 %rd2, {1, 2};"), 0x2_0000_0001);
    assert_eq!(word("mov.u64 %rd2, 12884901889;\nmov.b64 {%r2, %r1}, %rd2;"), 3);
    // Loads widen, and loops end.
    assert_eq!(
        word("mov.u16 %rs1, -2;\nst.shared.u16 [room+2], %rs1;\nld.shared.s16 %r1, [room+2];").cast_signed(),
        -2
    );
    assert_eq!(word("mov.u16 %rs1, -2;\nst.shared.u16 [room+2], %rs1;\nld.shared.u16 %r1, [room+2];"), 0xfffe);
    let count = "mov.u32 %r1, 0;\n$L:\nadd.s32 %r1, %r1, 1;\nsetp.ne.s32 %p1, %r1, 9;\n@%p1 bra $L;";
    assert_eq!(word(count), 9);
}

/// Threads of a warp exchange numbers, and all of a block see what was written before a barrier.
#[test]
fn threads_work_together() {
    let reversed = "mov.u32 %r1, %tid.x;\nshl.b32 %r2, %r1, 2;\ncvt.u64.u32 %rd2, %r2;\nmov.u64 %rd3, room;\n\
                    add.s64 %rd4, %rd3, %rd2;\nst.shared.u32 [%rd4], %r1;\nBARRIER\nsub.s32 %r3, 63, %r1;\n\
                    shl.b32 %r3, %r3, 2;\ncvt.u64.u32 %rd5, %r3;\nadd.s64 %rd5, %rd3, %rd5;\nld.shared.u32 %r4, [%rd5];\n\
                    shfl.sync.bfly.b32 %r5|%p1, %r4, 1, 31, -1;\nadd.s64 %rd6, %rd1, %rd2;\nst.global.u32 [%rd6], %r5;";
    let mut memory = [Memory::unknown(256)];
    started(&reversed.replace("BARRIER", "bar.sync 0;"), 64, &mut memory).unwrap();
    let (all, _) = memory[0].bytes().unwrap().as_chunks::<4>();
    let all: Vec<u32> = all.iter().map(|b| u32::from_le_bytes(*b)).collect();
    assert_eq!(all, (0..64).map(|i| 63 - (i ^ 1)).collect::<Vec<u32>>());
    // Without the barrier the last threads read what the first have not written yet, or may be writing.
    let fault = started(&reversed.replace("BARRIER", ""), 64, &mut [Memory::unknown(256)]).unwrap_err();
    assert!(fault.why.contains("nobody wrote it"), "{fault}");
}

#[test]
fn what_a_card_might_do_in_two_ways_is_refused() {
    let branch = "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 0;\n";
    for (body, threads, why) in [
        ("ld.global.u32 %r1, [%rd1+8];", 1, "not within 8"),
        ("ld.global.u32 %r1, [%rd1+2];", 1, "no multiple of 4"),
        ("ld.global.u32 %r1, [%rd1+-8];", 1, "is in no memory"),
        ("mov.u64 %rd2, 0;\nld.global.u32 %r1, [%rd2];", 1, "address 0 is in no memory"),
        ("ld.shared.u32 %r1, [room];", 1, "nobody wrote it"),
        ("add.s32 %r1, %r2, 1;", 1, "a register is read before it is written"),
        ("mov.u32 %r2, 0;\ndiv.s32 %r1, 1, %r2;", 1, "divided by zero"),
        ("st.global.u32 [%rd1], 1;", 2, "is written while another thread"),
        ("$L:\nbra.uni $L;", 1, "budget of 10000 instructions"),
        (&format!("{branch}@%p1 bra $L;\nbar.sync 0;\n$L:"), 2, "others have ended"),
        (&format!("{branch}@%p1 bra $L;\nshfl.sync.bfly.b32 %r2|%p2, %r1, 1, 31, -1;\n$L:"), 32, "not all threads"),
        ("mov.u32 %r1, 0;\nshfl.sync.bfly.b32 %r2|%p2, %r1, 1, 31, -1;", 31, "not all threads"),
        ("mov.u32 %r1, 0;\nshfl.sync.bfly.b32 %r2|%p2, %r1, 1, 15, -1;", 32, "a part of a warp"),
    ] {
        let fault = started(body, threads, &mut [Memory::new(vec![0; 8])]).unwrap_err();
        assert!(fault.why.contains(why), "{body}: {fault}");
        assert!(fault.line > 13, "{body}: {fault}");
    }
    let module = Module::read(&text("")).unwrap();
    let how = Launch { grid: [1, 1], block: [1, 1], arguments: vec![], steps: 9 };
    for (how, why) in [
        (how.clone(), "0 arguments are given"),
        (Launch { block: [0, 1], ..how.clone() }, "are none"),
        (Launch { block: [1025, 1], ..how.clone() }, "more than 1024"),
        (Launch { grid: [1, 0], ..how }, "there is no block"),
    ] {
        let fault = launch(module.kernel("k").unwrap(), &how, &mut []).unwrap_err();
        assert!(fault.line == 0 && fault.why.contains(why), "{fault}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    for (body, why) in [
        ("sin.approx.f32 %r1, %r2;", "is not known"),
        ("add.f32 %r1, %r2, %r3;", "is not known"),
        ("add.s32 %r1, %r2;", "is not known"),
        ("add.s64 %r1, %rd2, %rd3;", "64 are needed"),
        ("add.s32 %r1, %r99, 1;", "there is no register %r99"),
        ("add.s32 %r1, 4294967296, 1;", "more than 32 bits"),
        ("mov.u32 %r1, %laneid.x;", "is not known"),
        ("mov.u64 %rd2, %tid.x;", "has 32 bits"),
        ("bra $nowhere;", "there is no label $nowhere"),
        ("$L:\n$L:", "stands twice"),
        ("ld.local.u32 %r1, [%rd1];", "of the kind local"),
        ("ld.param.u32 %r1, [k_0];", "another type"),
        ("ld.param.u64 %rd2, [k_1];", "there is no parameter k_1"),
        ("add.s32 %r1, 1, 2", "without a semicolon"),
        ("add.s32 %r1, 1, 2; ret;", "two statements"),
        (".local .align 4 .b8 x[4];", "the directive"),
        (".shared .align 4 .b8 x[65536];", "shared memory"),
        (".reg .b32 %x<999999>;", "more than 65536 registers"),
        ("bar.sync 1;", "is not known"),
        ("mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%r1}, {%r1}, {%r1}, {%r1};", "is not known"),
    ] {
        let fault = Module::read(&text(body)).unwrap_err();
        assert!(fault.why.contains(why) && fault.line > 10, "{body}: {fault}");
    }
    for (text, why) in [
        (String::new(), "ends too early"),
        (HEAD.replace("8.0", "8.1"), ".version 8.0 is expected here"),
        (HEAD.replace("sm_80", "sm_90"), ".target sm_80 is expected here"),
        (text("").replace(".visible", ".weak"), "a kernel is expected here"),
        (text("").trim_end_matches("}\n").to_owned(), "ends too early"),
        (text("").replace(".param .u64 k_0", ".param .align 8 .b8 k_0[64]"), "a parameter is expected here"),
    ] {
        let fault = Module::read(&text).unwrap_err();
        assert!(fault.why.contains(why), "{fault}");
    }
    // Cut anywhere, a text is read or refused, and nothing else happens.
    let whole = text("add.s32 %r1, 1, 2;\n@%p1 bra $L;\n$L:\nmov.b64 {%r1, %r2}, %rd1;");
    for end in 0..whole.len() {
        let _read = Module::read(&whole[..end]);
    }
}
