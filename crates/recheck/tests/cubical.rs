//! Glue types, compositions and the circle: what computes, and what is refused with which reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_format::Prim;
use common::*;

const DIFFERENT: Answer = Err("wrong path endpoint");

fn not_equivalence() -> T {
    let f = || lam(|x| not(&x));
    let back = || lam(|x| bool_elim(|x| path(bool(), not(&not(&x)), x), refl(yes()), refl(no()), x));
    let tau = lam(|x| {
        let motive = |x: T| {
            let fx = not(&x);
            let low = {
                let x = x.clone();
                let back = bool_elim(|x| path(bool(), not(&not(&x)), x), refl(yes()), refl(no()), x.clone());
                dlam(move |k| not(&papp(back.clone(), not(&not(&x)), x.clone(), k)))
            };
            let high = bool_elim(|x| path(bool(), not(&not(&x)), x), refl(yes()), refl(no()), fx.clone());
            path(path(bool(), not(&not(&fx)), fx), low, high)
        };
        bool_elim(motive, refl(refl(no())), refl(refl(yes())), x)
    });
    five(f(), f(), back(), back(), tau)
}

/// Positions: `not` as an equivalence, the identity of Bool, the path of types, the circle.
struct Base {
    w: World,
    negate: T,
    same: T,
}

fn base() -> Base {
    let mut w = World::new();
    let negate = w.def(equiv(bool(), bool()), not_equivalence());
    let same = w.def(equiv(bool(), bool()), identity());
    Base { w, negate, same }
}

impl Base {
    fn faces(&self, i: D) -> Vec<Glued> {
        vec![(vec![(i, Zero)], bool(), self.negate.clone()), (vec![(i, One)], bool(), self.same.clone())]
    }

    fn ua(&self) -> impl Fn(D) -> T + Clone + 'static {
        let (negate, same) = (self.negate.clone(), self.same.clone());
        move |i| {
            let b = Base { w: World::new(), negate: negate.clone(), same: same.clone() };
            glue(bool(), b.faces(i))
        }
    }
}

#[test]
fn transport_along_the_path_of_an_equivalence_applies_it() {
    deep(|| {
        let b = base();
        for (x, y) in [(yes(), no()), (no(), yes())] {
            b.w.equal(&bool(), &coe(Zero, One, b.ua(), x.clone()), &y).unwrap();
            b.w.equal(&bool(), &coe(One, Zero, b.ua(), x.clone()), &y).unwrap();
            assert_eq!(b.w.equal(&bool(), &coe(Zero, One, b.ua(), x.clone()), &x), DIFFERENT);
            let there = coe(Zero, One, b.ua(), x.clone());
            b.w.equal(&bool(), &coe(Zero, One, b.ua(), there), &x).unwrap();
        }
    });
}

#[test]
fn coe_along_a_composite_of_types_is_the_composite_of_coes() {
    deep(|| {
        let b = base();
        let ua = b.ua();
        let composite = move |i: D| {
            let (ua, low) = (ua.clone(), ua(i));
            let sides = vec![side(vec![(i, Zero)], |_| bool()), side(vec![(i, One)], ua)];
            hcom(Zero, One, univ(0), sides, low)
        };
        b.w.check(&path(univ(0), bool(), bool()), &dlam(composite.clone())).unwrap();
        for x in [yes(), no()] {
            b.w.equal(&bool(), &coe(Zero, One, composite.clone(), x.clone()), &x).unwrap();
            b.w.equal(&bool(), &coe(One, Zero, composite.clone(), x.clone()), &x).unwrap();
        }
    });
}

#[test]
fn the_circle_covers_itself_twice() {
    deep(|| {
        let mut b = base();
        let s1 = circle(&mut b.w);
        let ua = b.ua();
        let code = move |x: T| data_elim(s1, &[], |_| univ(0), &[bool(), dlam(ua.clone())], x);
        let code_twice = code.clone();
        b.w.equal(&bool(), &coe(Zero, One, move |i| code(turn(s1, i)), yes()), &no()).unwrap();
        // An hcom of the circle is an element: its code is the composite.
        let double = move |i: D| {
            let sides = vec![side(vec![(i, Zero)], move |_| start(s1)), side(vec![(i, One)], move |j| turn(s1, j))];
            hcom(Zero, One, data(s1, &[]), sides, turn(s1, i))
        };
        b.w.check(&path(data(s1, &[]), start(s1), start(s1)), &dlam(double)).unwrap();
        b.w.equal(&bool(), &coe(Zero, One, move |i| code_twice(double(i)), yes()), &yes()).unwrap();
        // No hcom of the circle goes away.
        let lazy = hcom(Zero, One, data(s1, &[]), vec![], start(s1));
        assert_eq!(b.w.equal(&data(s1, &[]), &lazy, &start(s1)), DIFFERENT);
        b.w.equal(&data(s1, &[]), &lazy, &lazy.clone()).unwrap();
    });
}

#[test]
fn a_glue_needs_an_equivalence() {
    deep(|| {
        let b = base();
        let with = |e: T| line(move |i| glue(bool(), vec![(vec![(i, Zero)], bool(), e.clone())]));
        b.w.check(&univ(1), &arrow(with(b.negate.clone()), univ(0))).unwrap();
        // T22: the constant map, an inverse that is none, and a coherence that is none.
        let constant = five(lam(|_| yes()), lam(|x| x), lam(refl), lam(refl), lam(|x| refl(refl(x))));
        let crossed = five(lam(|x| not(&x)), lam(|x| x), lam(refl), lam(refl), lam(|x| refl(refl(x))));
        for bad in [constant, crossed] {
            assert_eq!(b.w.check(&univ(1), &arrow(with(bad), univ(0))), DIFFERENT);
        }
        assert_eq!(b.w.check(&univ(1), &arrow(with(lam(|x| x)), univ(0))), Err("type mismatch"));
        let two = |e: T| {
            let negate = b.negate.clone();
            line(move |i| {
                let face = |e: &T| (vec![(i, Zero)], bool(), e.clone());
                glue(bool(), vec![face(&negate), face(&e)])
            })
        };
        b.w.check(&univ(0), &two(b.negate.clone())).unwrap();
        assert_eq!(b.w.check(&univ(0), &two(b.same.clone())), Err("faces disagree"));
    });
}

#[test]
fn a_part_lies_over_the_base() {
    deep(|| {
        let b = base();
        let ua = b.ua();
        let ty = line(ua);
        let el = |a: T, l: T, r: T| {
            dlam(move |i| glue_el(a.clone(), vec![(vec![(i, Zero)], l.clone()), (vec![(i, One)], r.clone())]))
        };
        b.w.check(&ty, &el(no(), yes(), no())).unwrap();
        // T23
        assert_eq!(b.w.check(&ty, &el(no(), no(), no())), Err("part disagrees with base"));
        assert_eq!(b.w.check(&ty, &el(no(), yes(), yes())), Err("part disagrees with base"));
        let turned = dlam(|i| glue_el(no(), vec![(vec![(i, One)], no()), (vec![(i, Zero)], yes())]));
        assert_eq!(b.w.check(&ty, &turned), Err("part disagrees with base"));
        let one = dlam(|i| glue_el(no(), vec![(vec![(i, Zero)], yes())]));
        assert_eq!(b.w.check(&ty, &one), Err("part disagrees with base"));
        assert_eq!(b.w.check(&bool(), &glue_el(no(), vec![])), Err("type mismatch"));
    });
}

#[test]
fn glue_beta_and_eta() {
    deep(|| {
        let b = base();
        let ua = b.ua();
        let faces = {
            let (negate, same) = (b.negate.clone(), b.same.clone());
            move |i| Base { w: World::new(), negate: negate.clone(), same: same.clone() }.faces(i)
        };
        let (f, g) = (faces.clone(), faces.clone());
        let beta = line(move |i| {
            let el = glue_el(no(), vec![(vec![(i, Zero)], yes()), (vec![(i, One)], no())]);
            path(bool(), unglue(bool(), f(i), el), no())
        });
        b.w.check(&beta, &dlam(|_| refl(no()))).unwrap();
        let eta = line(move |i| {
            let (ty, g) = (ua(i), g.clone());
            pi(ty.clone(), move |x| {
                let parts = vec![(vec![(i, Zero)], x.clone()), (vec![(i, One)], x.clone())];
                path(ty.clone(), glue_el(unglue(bool(), g(i), x.clone()), parts), x)
            })
        });
        b.w.check(&eta, &dlam(|_| lam(refl))).unwrap();
        // On a face unglue is the equivalence.
        let on_face = pi(bool(), move |x| path(bool(), unglue(bool(), faces(Zero), x.clone()), not(&x)));
        b.w.check(&on_face, &lam(|x| refl(not(&x)))).unwrap();
    });
}

/// The interval as a data type, at the next position, and that it is equivalent to Unit.
fn interval(w: &mut World) -> (u32, T) {
    let id = w.next;
    let at = move |k: u32| con(id, k, &[], &[], &[]);
    let seg = Con {
        fields: vec![],
        dims: 1,
        boundary: vec![end(0, Zero, move |_, _| at(0)), end(0, One, move |_, _| at(1))],
    };
    w.data(vec![], 0, vec![point(vec![]), point(vec![]), seg]).unwrap();
    let to = move |i: D| path(data(id, &[]), at(0), con(id, 2, &[], &[], &[i]));
    let along = move |i: D| coe(Zero, i, to, refl(at(0)));
    let eta = lam(move |x| {
        let branches = [refl(at(0)), along(One), dlam(along)];
        data_elim(id, &[], move |x| path(data(id, &[]), at(0), x), &branches, x)
    });
    let dull = || lam(|_| refl(star()));
    let all = five(lam(|_| star()), lam(move |_| at(0)), eta, dull(), lam(|_| refl(refl(star()))));
    (id, w.def(equiv(data(id, &[]), unit()), all))
}

#[test]
fn glue_elements_are_compared_under_their_faces() {
    deep(|| {
        let mut w = World::new();
        let (id, e) = interval(&mut w);
        let ty = move |i: D| glue(unit(), vec![(vec![(i, Zero)], data(id, &[]), e.clone())]);
        let el = move |i: D, k: u32| glue_el(star(), vec![(vec![(i, Zero)], con(id, k, &[], &[], &[]))]);
        let same = |k: u32, n: u32| {
            let ty = ty.clone();
            let statement = line(move |i| path(ty(i), el(i, k), el(i, n)));
            w.check(&statement, &dlam(move |i| refl(el(i, k))))
        };
        same(0, 0).unwrap();
        // T24: the bases are equal by eta of Unit, the parts are not.
        assert_eq!(same(0, 1), DIFFERENT);
    });
}

#[test]
fn systems_are_compared_as_sets() {
    deep(|| {
        let w = World::new();
        // Over a type that is a variable every hcom is stuck.
        let compare = |left: fn(D, D, T) -> Vec<Side>, right: fn(D, D, T) -> Vec<Side>| {
            let statement = pi(univ(0), move |a| {
                pi(a.clone(), move |x| {
                    let a = a.clone();
                    line(move |i| {
                        let (a, x) = (a.clone(), x.clone());
                        line(move |j| {
                            let com = |s: Vec<Side>| hcom(Zero, One, a.clone(), s, x.clone());
                            path(a.clone(), com(left(i, j, x.clone())), com(right(i, j, x.clone())))
                        })
                    })
                })
            });
            let evidence = lam(move |a| {
                lam(move |x| {
                    let a = a.clone();
                    dlam(move |i| {
                        let (a, x) = (a.clone(), x.clone());
                        dlam(move |j| refl(hcom(Zero, One, a.clone(), left(i, j, x.clone()), x.clone())))
                    })
                })
            });
            w.check(&statement, &evidence)
        };
        fn at(c: Eqs, x: &T) -> Side {
            let x = x.clone();
            side(c, move |_| x.clone())
        }
        fn two(i: D, j: D, x: T) -> Vec<Side> {
            vec![at(vec![(i, Zero)], &x), at(vec![(j, One)], &x)]
        }
        compare(two, |i, j, x| vec![at(vec![(j, One)], &x), at(vec![(i, Zero)], &x)]).unwrap();
        let more = |i, j, x: T| {
            vec![
                at(vec![(i, Zero), (j, Zero)], &x),
                at(vec![(One, j)], &x),
                at(vec![(i, Zero)], &x),
                at(vec![(Zero, One)], &x),
            ]
        };
        compare(two, more).unwrap();
        compare(more, two).unwrap();
        assert_eq!(compare(two, |i, _, x| vec![at(vec![(i, Zero)], &x)]), DIFFERENT);
        assert_eq!(compare(|i, _, x| vec![at(vec![(i, Zero)], &x)], two), DIFFERENT);
        assert_eq!(compare(two, |i, j, x| vec![at(vec![(i, Zero), (j, One)], &x)]), DIFFERENT);
    });
}

#[test]
fn many_turns_compose() {
    deep(|| {
        let b = base();
        let ua = b.ua();
        // p_0 = ua not, p_{n+1} = p_n . ua not
        let step = lam(move |_| {
            let ua = ua.clone();
            lam(move |p| {
                let ua = ua.clone();
                dlam(move |i| {
                    let sides = vec![side(vec![(i, Zero)], |_| bool()), side(vec![(i, One)], ua.clone())];
                    hcom(Zero, One, univ(0), sides, papp(p.clone(), bool(), bool(), i))
                })
            })
        });
        let start = dlam(b.ua());
        let power = lam(move |n| nat_elim(|_| path(univ(0), bool(), bool()), start.clone(), step.clone(), n));
        let mut w = b.w;
        let power = w.def(arrow(prim(Prim::Nat), path(univ(0), bool(), bool())), power);
        for n in [0u32, 1, 2, 9, 40] {
            let p = app(&power, &number(n));
            let moved = coe(Zero, One, move |i| papp(p.clone(), bool(), bool(), i), yes());
            w.equal(&bool(), &moved, &if n % 2 == 0 { no() } else { yes() }).unwrap();
        }
    });
}

fn at(p: Prim, x: &T) -> T {
    app(&prim(p), x)
}

/// The successor of integers as an equivalence. Every part goes by cases, and is reflexivity in all of them.
fn successor_equivalence() -> T {
    type Family = fn(&T) -> T;
    fn int() -> T {
        prim(Prim::Int)
    }
    /// A function of the number under a constructor of Int, which looks at it or does not.
    fn case(con: Prim, split: bool, motive: Family, value: Family) -> T {
        if !split {
            return lam(move |n| value(&at(con, &n)));
        }
        lam(move |n| {
            let step = lam(move |m| lam(move |_| value(&at(con, &at(Prim::Suc, &m)))));
            nat_elim(move |n| motive(&at(con, &n)), value(&at(con, &number(0))), step, n)
        })
    }
    fn cases(split: [bool; 2], motive: Family, value: Family, x: &T) -> T {
        let [low, high] = split;
        let (low, high) = (case(Prim::IntPos, low, motive, value), case(Prim::IntNegSuc, high, motive, value));
        int_elim(move |x| motive(&x), low, high, x.clone())
    }
    fn up(x: &T) -> T {
        let after = lam(|m| lam(move |_| at(Prim::IntNegSuc, &m)));
        let below = lam(move |n| nat_elim(|_| int(), at(Prim::IntPos, &number(0)), after.clone(), n));
        int_elim(|_| int(), lam(|n| at(Prim::IntPos, &at(Prim::Suc, &n))), below, x.clone())
    }
    fn down(x: &T) -> T {
        let after = lam(|m| lam(move |_| at(Prim::IntPos, &m)));
        let above = lam(move |n| nat_elim(|_| int(), at(Prim::IntNegSuc, &number(0)), after.clone(), n));
        int_elim(|_| int(), above, lam(|n| at(Prim::IntNegSuc, &at(Prim::Suc, &n))), x.clone())
    }
    fn eta(x: &T) -> T {
        cases([false, true], |x| path(int(), down(&up(x)), x.clone()), |x| refl(x.clone()), x)
    }
    fn epsilon(x: &T) -> T {
        cases([true, false], |x| path(int(), up(&down(x)), x.clone()), |x| refl(x.clone()), x)
    }
    fn square(x: &T) -> T {
        let (x2, fx) = (x.clone(), up(x));
        let low = dlam(move |k| up(&papp(eta(&x2), down(&up(&x2)), x2.clone(), k)));
        path(path(int(), up(&down(&fx)), fx.clone()), low, epsilon(&fx))
    }
    let tau = lam(|x| cases([false, true], square, |x| refl(refl(up(x))), &x));
    five(lam(|x| up(&x)), lam(|x| down(&x)), lam(|x| eta(&x)), lam(|x| epsilon(&x)), tau)
}

#[test]
fn winding_numbers() {
    deep(|| {
        let mut w = World::new();
        let int = || prim(Prim::Int);
        let e = w.def(equiv(int(), int()), successor_equivalence());
        let same = w.def(equiv(int(), int()), identity());
        let s1 = circle(&mut w);
        let shift =
            move |i: D| glue(int(), vec![(vec![(i, Zero)], int(), e.clone()), (vec![(i, One)], int(), same.clone())]);
        let code = {
            let shift = shift.clone();
            lam(move |x| data_elim(s1, &[], |_| univ(0), &[int(), dlam(shift.clone())], x))
        };
        let code = w.def(arrow(data(s1, &[]), univ(0)), code);
        w.equal(&int(), &coe(Zero, One, shift.clone(), integer(-1)), &integer(0)).unwrap();
        w.equal(&int(), &coe(One, Zero, shift, integer(0)), &integer(-1)).unwrap();
        // Loops by composition: n times round, and back once.
        let loops = || path(data(s1, &[]), start(s1), start(s1));
        let then = move |p: T, q: T| {
            dlam(move |i| {
                let q = q.clone();
                let sides = vec![
                    side(vec![(i, Zero)], move |_| start(s1)),
                    side(vec![(i, One)], move |j| papp(q.clone(), start(s1), start(s1), j)),
                ];
                hcom(Zero, One, data(s1, &[]), sides, papp(p.clone(), start(s1), start(s1), i))
            })
        };
        let round = w.def(loops(), dlam(move |i| turn(s1, i)));
        // The other way: the filler of the square with the loop on one side.
        let back = w.def(
            loops(),
            dlam(move |i| {
                let sides = vec![side(vec![(i, Zero)], move |j| turn(s1, j)), side(vec![(i, One)], move |_| start(s1))];
                hcom(Zero, One, data(s1, &[]), sides, start(s1))
            }),
        );
        let step = {
            let round = round.clone();
            lam(move |_| {
                let round = round.clone();
                lam(move |p| then(p, round.clone()))
            })
        };
        let power = lam(move |n| {
            nat_elim(move |_| path(data(s1, &[]), start(s1), start(s1)), refl(start(s1)), step.clone(), n)
        });
        let power = w.def(arrow(prim(Prim::Nat), loops()), power);
        let winding = move |p: T| {
            let code = code.clone();
            coe(Zero, One, move |i| app(&code, &papp(p.clone(), start(s1), start(s1), i)), integer(0))
        };
        for n in [0u32, 1, 2, 5] {
            let k = i32::try_from(n).unwrap();
            w.equal(&int(), &winding(app(&power, &number(n))), &integer(k)).unwrap();
            assert_eq!(w.equal(&int(), &winding(app(&power, &number(n))), &integer(k + 1)), DIFFERENT);
            let less = w.def(loops(), then(app(&power, &number(n)), back.clone()));
            w.equal(&int(), &winding(less), &integer(k - 1)).unwrap();
        }
    });
}

#[test]
fn stored_proofs_say_what_they_show() {
    deep(|| {
        let mut w = World::new();
        let s1 = circle(&mut w);
        let report = w.stored(&path(data(s1, &[]), start(s1), turn(s1, Zero)), &dlam(move |i| turn(s1, i))).unwrap();
        assert_eq!(report.statement, "(PathP (d0. D) D.0 (D.1 @ 0))");
        assert!(report.axioms.is_empty());
        // An axiom inside a boundary, a part or a face is an axiom of what rests on it.
        let axiom = |w: &mut World, ty: T| {
            let (name, bundle) = ("a".into(), "b".into());
            w.add(&bfv_format::Decl::Axiom { name, bundle, ty: ty(0, 0) }).unwrap();
            w.next - 1
        };
        let (postulate, id) = (axiom(&mut w, bool()), w.next);
        let one = Con {
            fields: vec![],
            dims: 1,
            boundary: vec![end(0, Zero, move |_, _| con(id, 0, &[], &[constant(postulate)], &[]))],
        };
        w.data(vec![], 0, vec![point(vec![field(|_| bool())]), one]).unwrap();
        let of_data = data_elim(id, &[], |_| unit(), &[lam(|_| star()), refl(star())], con(id, 0, &[], &[yes()], &[]));
        assert_eq!(w.stored(&unit(), &of_data).unwrap().axioms, ["b"]);
        let other = axiom(&mut w, equiv(bool(), bool()));
        let ty = line(move |i| glue(bool(), vec![(vec![(i, Zero)], bool(), constant(other))]));
        let shown = w.stored(&univ(0), &ty).unwrap();
        assert_eq!(shown.axioms, ["b"]);
        let judged = w.stored(&arrow(ty, unit()), &lam(|_| star())).unwrap();
        assert_eq!(judged.statement, "((x0 : ((d0 : I) -> (Glue Bool [d0 = 0 : Bool, a]))) -> Unit)");
    });
}

#[test]
fn faces_and_parts_agree_where_they_meet() {
    deep(|| {
        let mut w = World::new();
        let (id, e) = interval(&mut w);
        let at = move |k: u32| con(id, k, &[], &[], &[]);
        let same = w.def(equiv(unit(), unit()), identity());
        let square = |f: std::rc::Rc<dyn Fn(D, D) -> T>| {
            move |closed: bool| {
                let f = f.clone();
                let inner = move |i: D| {
                    let f = f.clone();
                    if closed { dlam(move |j| f(i, j)) } else { line(move |j| f(i, j)) }
                };
                if closed { dlam(inner) } else { line(inner) }
            }
        };
        let (face, other) = ((data(id, &[]), e.clone()), (unit(), same));
        let glued = |first: (T, T), second: (T, T)| {
            square(std::rc::Rc::new(move |i, j| {
                let (first, second) = (first.clone(), second.clone());
                glue(unit(), vec![(vec![(i, Zero)], first.0, first.1), (vec![(j, Zero)], second.0, second.1)])
            }))
        };
        w.check(&univ(0), &glued(face.clone(), face.clone())(false)).unwrap();
        assert_eq!(w.check(&univ(0), &glued(face.clone(), other.clone())(false)), Err("faces disagree"));
        // At Unit everything is equal: only the types differ.
        assert_eq!(w.check(&univ(0), &glued(other, face.clone())(false)), Err("faces disagree"));
        let ty = glued(face.clone(), face)(false);
        let element = |k: u32, n: u32| {
            square(std::rc::Rc::new(move |i, j| {
                glue_el(star(), vec![(vec![(i, Zero)], at(k)), (vec![(j, Zero)], at(n))])
            }))
        };
        w.check(&ty, &element(0, 0)(true)).unwrap();
        assert_eq!(w.check(&ty, &element(0, 1)(true)), Err("faces disagree"));
        // Path constructors at different dimensions differ.
        let seg = move |i: D| con(id, 2, &[], &[], &[i]);
        let same_place = |f: fn(D, D) -> D| {
            let statement = square(std::rc::Rc::new(move |i, j| path(data(id, &[]), seg(i), seg(f(i, j)))))(false);
            w.check(&statement, &square(std::rc::Rc::new(move |i, _| refl(seg(i))))(true))
        };
        same_place(|i, _| i).unwrap();
        assert_eq!(same_place(|_, j| j), DIFFERENT);
    });
}

#[test]
fn a_glue_is_as_large_as_its_largest_part() {
    deep(|| {
        let w = World::new();
        let ty = |n: u32| pi(univ(0), move |a| pi(univ(1), move |t| arrow(equiv(t, a.clone()), univ(n))));
        let glued = lam(|a| {
            lam(move |t| {
                let a = a.clone();
                lam(move |e| {
                    let (a, t) = (a.clone(), t.clone());
                    line(move |i| glue(a.clone(), vec![(vec![(i, Zero)], t.clone(), e.clone())]))
                })
            })
        });
        w.check(&ty(1), &glued).unwrap();
        assert_eq!(w.check(&ty(0), &glued), Err("universe too small"));
    });
}

/// The suspension, at the next position.
fn suspension(w: &mut World) -> u32 {
    let id = w.next;
    let pole = move |k: u32| move |x: &[T], _: &[D]| con(id, k, &x[..1], &[], &[]);
    let meridian = Con {
        fields: vec![field(|x| x[0].clone())],
        dims: 1,
        boundary: vec![end(0, Zero, pole(0)), end(0, One, pole(1))],
    };
    w.data(vec![field(|_| univ(0))], 0, vec![point(vec![]), point(vec![]), meridian]).unwrap();
    id
}

#[test]
fn a_path_constructor_is_carried_along_its_parameters() {
    deep(|| {
        let mut b = base();
        let id = suspension(&mut b.w);
        let (ua, there) = (b.ua(), data(id, &[bool()]));
        let family = move |i: D| data(id, &[ua(i)]);
        let carried = {
            let family = family.clone();
            move |j: D| coe(Zero, One, family.clone(), con(id, 2, &[bool()], &[yes()], &[j]))
        };
        let poles = |k: u32| coe(Zero, One, family.clone(), con(id, k, &[bool()], &[], &[]));
        b.w.equal(&there, &poles(0), &con(id, 0, &[bool()], &[], &[])).unwrap();
        // T31: from s back to r, with the boundary at the parameters of every moment.
        let ua = b.ua();
        let mended = move |from: D, to: D| {
            let (family, ua) = (family.clone(), ua.clone());
            move |j: D| {
                let at = |k: u32| {
                    let (family, ua) = (family.clone(), ua.clone());
                    move |i: D| coe(i, One, family.clone(), con(id, k, &[ua(i)], &[], &[]))
                };
                let sides = vec![side(vec![(j, Zero)], at(0)), side(vec![(j, One)], at(1))];
                hcom(from, to, data(id, &[bool()]), sides, con(id, 2, &[bool()], &[no()], &[j]))
            }
        };
        let statement = |other: std::rc::Rc<dyn Fn(D) -> T>| {
            let (ty, carried) = (there.clone(), carried.clone());
            line(move |j| path(ty.clone(), carried(j), other(j)))
        };
        let evidence = dlam({
            let carried = carried.clone();
            move |j| refl(carried(j))
        });
        b.w.check(&statement(std::rc::Rc::new(mended(One, Zero))), &evidence).unwrap();
        assert_eq!(b.w.check(&statement(std::rc::Rc::new(mended(Zero, One))), &evidence), DIFFERENT);
        // Its ends are where they were.
        let ends = path(there.clone(), con(id, 0, &[bool()], &[], &[]), con(id, 1, &[bool()], &[], &[]));
        b.w.check(&ends, &dlam(carried)).unwrap();
    });
}
