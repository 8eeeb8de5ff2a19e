//! Data types with path constructors: their boundaries, their eliminators, coercion along their parameters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;

const DIFFERENT: Answer = Err("wrong path endpoint");

#[test]
fn a_branch_with_other_ends_is_refused() {
    deep(|| {
        let mut w = World::new();
        let s1 = circle(&mut w);
        let all = |branches: &[T]| data_elim(s1, &[], |_| bool(), branches, start(s1));
        w.check(&bool(), &all(&[yes(), refl(yes())])).unwrap();
        assert_eq!(w.check(&bool(), &all(&[yes(), refl(no())])), Err("boundary disagrees"));
        // T26: a branch is missing, or there is one too many.
        assert_eq!(w.check(&bool(), &all(&[yes()])), Err("wrong number of arguments"));
        assert_eq!(w.check(&bool(), &all(&[yes(), refl(yes()), yes()])), Err("wrong number of arguments"));
        assert_eq!(w.check(&bool(), &all(&[yes(), yes()])), Err("type mismatch"));
        assert_eq!(w.check(&data(s1, &[]), &con(s1, 1, &[], &[], &[])), Err("wrong number of arguments"));
        assert_eq!(w.check(&data(s1, &[]), &con(s1, 0, &[], &[], &[Zero])), Err("wrong number of arguments"));
        w.equal(&data(s1, &[]), &turn(s1, One), &start(s1)).unwrap();
    });
}

#[test]
fn boundaries_are_of_earlier_constructors() {
    deep(|| {
        let own = |c: u32, dims: &'static [D]| move |_: &[T], _: &[D]| con(0, c, &[], &[], dims);
        let path_con = |boundary| Con { fields: vec![], dims: 1, boundary };
        let mut w = World::new();
        // T27: a later constructor, the constructor itself, and another kind of term.
        let later = path_con(vec![end(0, Zero, own(1, &[]))]);
        assert_eq!(w.data(vec![], 0, vec![later, point(vec![])]), Err("boundary not of constructors"));
        let itself = path_con(vec![end(0, Zero, own(0, &[One]))]);
        assert_eq!(w.data(vec![], 0, vec![itself]), Err("boundary not of constructors"));
        let lazy = path_con(vec![end(0, Zero, |_, _| hcom(Zero, One, data(0, &[]), vec![], con(0, 0, &[], &[], &[])))]);
        assert_eq!(w.data(vec![], 0, vec![point(vec![]), lazy]), Err("boundary not of constructors"));
        let field_of_other_type =
            Con { fields: vec![field(|_| bool())], dims: 1, boundary: vec![end(0, Zero, |x, _| x[0].clone())] };
        assert_eq!(w.data(vec![], 0, vec![field_of_other_type]), Err("boundary not of constructors"));
        // The type inside a field that is not recursive, inside an argument, and at other parameters.
        let leaf = || point(vec![field(|_| bool())]);
        let circular = |x: T| data_elim(0, &[], |_| bool(), &[lam(|b| b), refl(yes())], x);
        let hidden = Con {
            fields: vec![field(|_| data(0, &[]))],
            dims: 1,
            boundary: vec![end(0, Zero, move |x, _| con(0, 0, &[], &[circular(x[0].clone())], &[]))],
        };
        assert_eq!(w.data(vec![], 0, vec![leaf(), hidden]), Err("boundary not of constructors"));
        let argument = Con {
            fields: vec![field(|_| arrow(bool(), data(0, &[])))],
            dims: 1,
            boundary: vec![end(0, Zero, move |x, _| app(&x[0], &circular(app(&x[0], &yes()))))],
        };
        assert_eq!(w.data(vec![], 0, vec![leaf(), argument]), Err("boundary not of constructors"));
        let elsewhere =
            Con { fields: vec![], dims: 1, boundary: vec![end(0, Zero, |_, _| con(0, 0, &[bool()], &[yes()], &[]))] };
        let generic = vec![point(vec![field(|x| x[0].clone())]), elsewhere];
        assert_eq!(w.data(vec![field(|_| univ(0))], 0, generic), Err("boundary not of constructors"));
        // Faces of a boundary that differ where they meet.
        let square =
            Con { fields: vec![], dims: 2, boundary: vec![end(0, Zero, own(0, &[])), end(1, Zero, own(1, &[]))] };
        assert_eq!(w.data(vec![], 0, vec![point(vec![]), point(vec![]), square]), Err("faces disagree"));
        // A cofibration that is no end of a dimension.
        let diagonal = Con {
            fields: vec![],
            dims: 2,
            boundary: vec![(vec![(D::At(0), D::At(1))], std::rc::Rc::new(own(0, &[])))],
        };
        assert_eq!(w.data(vec![], 0, vec![point(vec![]), diagonal]), Err("boundary not of constructors"));
        let absent =
            Con { fields: vec![], dims: 0, boundary: vec![(vec![(One, Zero)], std::rc::Rc::new(own(0, &[])))] };
        assert_eq!(w.data(vec![], 0, vec![point(vec![]), absent]), Err("boundary not of constructors"));
        // The type elsewhere in a field, also when the field is a path.
        let paths = point(vec![field(|_| line(|_| data(0, &[])))]);
        assert_eq!(w.data(vec![], 0, vec![paths]), Err("not strictly positive"));
        // T3: a field of a path constructor that is larger than the type.
        let large = Con { fields: vec![field(|_| univ(0))], dims: 1, boundary: vec![] };
        assert_eq!(w.data(vec![], 0, vec![large]), Err("universe too small"));
    });
}

/// The propositional truncation, at the next position.
fn truncation(w: &mut World) -> u32 {
    let id = w.next;
    let d = move |x: &[T]| data(id, &[x[0].clone()]);
    let squash = Con {
        fields: vec![field(d), field(d)],
        dims: 1,
        boundary: vec![end(0, Zero, |x, _| x[1].clone()), end(0, One, |x, _| x[2].clone())],
    };
    w.data(vec![field(|_| univ(0))], 0, vec![point(vec![field(|x| x[0].clone())]), squash]).unwrap();
    id
}

#[test]
fn a_truncation_is_eliminated_into_propositions_only() {
    deep(|| {
        let mut w = World::new();
        let id = truncation(&mut w);
        let inc = |x: T| con(id, 0, &[bool()], &[x], &[]);
        let into =
            |m: T, point: T, squash: T| data_elim(id, &[bool()], move |_| m.clone(), &[point, squash], inc(yes()));
        let constant = |t: T| {
            lam(move |_| {
                let t = t.clone();
                lam(move |_| {
                    let t = t.clone();
                    lam(move |_| {
                        let t = t.clone();
                        lam(move |_| refl(t.clone()))
                    })
                })
            })
        };
        w.check(&unit(), &into(unit(), lam(|_| star()), constant(star()))).unwrap();
        assert_eq!(w.check(&bool(), &into(bool(), lam(|x| x), constant(yes()))), Err("boundary disagrees"));
        // T28: a family of types over the truncation needs a path between any two types.
        assert_eq!(w.check(&univ(0), &into(univ(0), lam(|_| bool()), constant(bool()))), Err("boundary disagrees"));
        // Into the truncation itself the given path is used.
        let ty = data(id, &[bool()]);
        let squash = lam(move |_| {
            lam(move |_| {
                lam(move |a| {
                    lam(move |b| {
                        let a = a.clone();
                        dlam(move |i| con(id, 1, &[bool()], &[a.clone(), b.clone()], &[i]))
                    })
                })
            })
        });
        let mapped = into(ty.clone(), lam(move |x| con(id, 0, &[bool()], &[not(&x)], &[])), squash);
        w.equal(&ty, &mapped, &inc(no())).unwrap();
        w.equal(&ty, &con(id, 1, &[bool()], &[inc(yes()), inc(no())], &[One]), &inc(no())).unwrap();
        assert_eq!(w.equal(&ty, &inc(yes()), &inc(no())), DIFFERENT);
    });
}

#[test]
fn a_boundary_with_recursive_fields_under_arrows() {
    deep(|| {
        // leaf, node (Bool -> D), flip (f : Bool -> D) (g : Bool -> D) i [i=0 -> node f; i=1 -> what is given]
        let with = |at_one: fn(&[T]) -> T| {
            let mut w = World::new();
            let below = |_: &[T]| arrow(bool(), data(0, &[]));
            let flip = Con {
                fields: vec![field(below), field(below)],
                dims: 1,
                boundary: vec![
                    end(0, Zero, |x, _| con(0, 1, &[], &[x[0].clone()], &[])),
                    end(0, One, move |x, _| at_one(x)),
                ],
            };
            w.data(vec![], 0, vec![point(vec![]), point(vec![field(below)]), flip]).map(|()| w)
        };
        // The branch of a node looks at one place; that of a flip says the same of its first or second function.
        let check = |w: &World, second: bool, place: T| {
            let below = place.clone();
            let node = lam(move |_| {
                let place = place.clone();
                lam(move |ih| app(&ih, &place))
            });
            let flip = lam(move |_| {
                let below = below.clone();
                lam(move |_| {
                    let below = below.clone();
                    lam(move |f| {
                        let (f, below) = (f.clone(), below.clone());
                        lam(move |g| refl(app(if second { &g } else { &f }, &below)))
                    })
                })
            });
            w.check(&bool(), &data_elim(0, &[], |_| bool(), &[yes(), node, flip], con(0, 0, &[], &[], &[])))
        };
        let same = with(|x| con(0, 1, &[], &[x[0].clone()], &[])).unwrap();
        check(&same, false, yes()).unwrap();
        assert_eq!(check(&same, true, yes()), Err("boundary disagrees"));
        let other = with(|x| con(0, 1, &[], &[x[1].clone()], &[])).unwrap();
        assert_eq!(check(&other, false, yes()), Err("boundary disagrees"));
        let value = with(|x| app(&x[0], &yes())).unwrap();
        check(&value, false, yes()).unwrap();
        assert_eq!(check(&value, false, no()), Err("boundary disagrees"));
        // Under an arrow there is a field and nothing else.
        let function = with(|x| {
            let f = x[0].clone();
            con(0, 1, &[], &[lam(move |b| app(&f, &b))], &[])
        });
        assert_eq!(function.map(|_| ()), Err("boundary not of constructors"));
    });
}

#[test]
fn a_boundary_that_speaks_of_parameters_is_carried_with_them() {
    deep(|| {
        let mut w = World::new();
        let id = w.next;
        // W A: node (f : A -> W A), pull (a : A) (f : A -> W A) i [i=0 -> f a; i=1 -> node f]
        let below = move |x: &[T]| arrow(x[0].clone(), data(id, &x[..1]));
        let pull = Con {
            fields: vec![field(|x| x[0].clone()), field(below)],
            dims: 1,
            boundary: vec![
                end(0, Zero, |x, _| app(&x[2], &x[1])),
                end(0, One, move |x, _| con(id, 0, &x[..1], &x[2..], &[])),
            ],
        };
        w.data(vec![field(|_| univ(0))], 0, vec![point(vec![field(below)]), pull]).unwrap();
        // Along any line of types, between any two places, from variables.
        let carried = move |l: &T, [r, s, j]: [D; 3], a: &T, f: &T, written: bool| {
            let family = {
                let l = l.clone();
                move |i: D| data(id, &[lapp(&l, i)])
            };
            if !written {
                return coe(r, s, family, con(id, 1, &[lapp(l, r)], &[a.clone(), f.clone()], &[j]));
            }
            let fields = {
                let (l, a, f, family) = (l.clone(), a.clone(), f.clone(), family.clone());
                move |i: D| {
                    let (l, l2, family) = (l.clone(), l.clone(), family.clone());
                    [
                        coe(r, i, move |i| lapp(&l, i), a.clone()),
                        coe(r, i, move |i| arrow(lapp(&l2, i), family(i)), f.clone()),
                    ]
                }
            };
            let (at_s, f0, f1, fam0, fam1, l1) =
                (fields(s), fields.clone(), fields, family.clone(), family.clone(), l.clone());
            let low = move |i: D| coe(i, s, fam0.clone(), app(&f0(i)[1], &f0(i)[0]));
            let high = move |i: D| coe(i, s, fam1.clone(), con(id, 0, &[lapp(&l1, i)], &[f1(i)[1].clone()], &[]));
            let sides = vec![side(vec![(j, Zero)], low), side(vec![(j, One)], high)];
            hcom(s, r, family(s), sides, con(id, 1, &[lapp(l, s)], &at_s, &[j]))
        };
        let quantify = move |closed: bool, f: fn(T, T, T) -> T| {
            let bound = move |ty: T, g: std::rc::Rc<dyn Fn(T) -> T>| {
                if closed { lam(move |x| g(x)) } else { pi(ty, move |x| g(x)) }
            };
            let along =
                move |g: std::rc::Rc<dyn Fn(D) -> T>| if closed { dlam(move |i| g(i)) } else { line(move |i| g(i)) };
            bound(
                line(|_| univ(0)),
                std::rc::Rc::new(move |l| {
                    along(std::rc::Rc::new(move |r| {
                        let l = l.clone();
                        along(std::rc::Rc::new(move |s| {
                            let l = l.clone();
                            along(std::rc::Rc::new(move |j| {
                                let l2 = l.clone();
                                bound(
                                    lapp(&l, r),
                                    std::rc::Rc::new(move |a| {
                                        let l = l2.clone();
                                        let ty = arrow(lapp(&l, r), data(id, &[lapp(&l, r)]));
                                        bound(
                                            ty,
                                            std::rc::Rc::new(move |g| {
                                                let at = |written| carried(&l, [r, s, j], &a, &g, written);
                                                f(data(id, &[lapp(&l, s)]), at(false), at(true))
                                            }),
                                        )
                                    }),
                                )
                            }))
                        }))
                    }))
                }),
            )
        };
        w.check(&quantify(false, path), &quantify(true, |_, _, written| refl(written))).unwrap();
    });
}

#[test]
fn dimensions_keep_their_order() {
    deep(|| {
        let mut w = World::new();
        let s1 = circle(&mut w);
        let id = w.next;
        let corner = move |_: &[T], _: &[D]| con(id, 0, &[], &[], &[]);
        let edge = || Con { fields: vec![], dims: 1, boundary: vec![end(0, Zero, corner), end(0, One, corner)] };
        let along = move |c: u32, k: usize| move |_: &[T], d: &[D]| con(id, c, &[], &[], &[d[k]]);
        let face = Con {
            fields: vec![],
            dims: 2,
            boundary: vec![
                end(0, Zero, along(2, 1)),
                end(0, One, along(2, 1)),
                end(1, Zero, along(1, 0)),
                end(1, One, along(1, 0)),
            ],
        };
        w.data(vec![], 0, vec![point(vec![]), edge(), edge(), face]).unwrap();
        // The torus to the circle: the first edge goes round, the second stays.
        let all = |face: fn(u32, D, D) -> T| {
            let round = dlam(move |i| turn(s1, i));
            let face = dlam(move |i| dlam(move |j| face(s1, i, j)));
            [start(s1), round, refl(start(s1)), face]
        };
        let map = move |branches: &[T], x: T| data_elim(id, &[], move |_| data(s1, &[]), branches, x);
        let good = all(|s1, i, _| turn(s1, i));
        w.check(&data(s1, &[]), &map(&good, con(id, 0, &[], &[], &[]))).unwrap();
        let bad = all(|s1, _, j| turn(s1, j));
        assert_eq!(w.check(&data(s1, &[]), &map(&bad, con(id, 0, &[], &[], &[]))), Err("boundary disagrees"));
        let statement = line(move |i| {
            let good = good.clone();
            line(move |j| path(data(s1, &[]), map(&good, con(id, 3, &[], &[], &[i, j])), turn(s1, i)))
        });
        w.check(&statement, &dlam(move |i| dlam(move |_| refl(turn(s1, i))))).unwrap();
    });
}

#[test]
fn hypotheses_stand_where_their_fields_do() {
    deep(|| {
        // Q A: join (x : Q) (a : A) (y : Q), c (a : A) (x : Q) (f : A -> Q) i [i=0 -> join x a (f a); i=1 -> the given end]
        let with = |at_one: usize, pick: usize, same: usize| {
            let mut w = World::new();
            let own = |x: &[T]| data(0, &x[..1]);
            let parameter = |x: &[T]| x[0].clone();
            let join = point(vec![field(own), field(parameter), field(own)]);
            let at = move |x: &[T]| if at_one == 0 { x[2].clone() } else { app(&x[3], &x[1]) };
            let c = Con {
                fields: vec![field(parameter), field(own), field(move |x| arrow(x[0].clone(), own(x)))],
                dims: 1,
                boundary: vec![
                    end(0, Zero, |x, _| con(0, 0, &x[..1], &[x[2].clone(), x[1].clone(), app(&x[3], &x[1])], &[])),
                    end(0, One, move |x, _| at(x)),
                ],
            };
            w.data(vec![field(|_| univ(0))], 0, vec![join, c]).unwrap();
            let lam5 = |f: Field| {
                lam(move |a| {
                    let f = f.clone();
                    lam(move |b| {
                        let (f, a) = (f.clone(), a.clone());
                        lam(move |c| {
                            let (f, a, b) = (f.clone(), a.clone(), b.clone());
                            lam(move |d| {
                                let (f, a, b, c) = (f.clone(), a.clone(), b.clone(), c.clone());
                                lam(move |e| f(&[a.clone(), b.clone(), c.clone(), d.clone(), e]))
                            })
                        })
                    })
                })
            };
            // Of join: the first or the second hypothesis. Of c: the same thing along its dimension.
            let join = lam5(std::rc::Rc::new(move |x| x[3 + pick].clone()));
            let c = lam5(std::rc::Rc::new(move |x| refl(if same == 0 { x[3].clone() } else { app(&x[4], &x[0]) })));
            let ty = arrow(data(0, &[bool()]), bool());
            w.check(&ty, &lam(move |q| data_elim(0, &[bool()], |_| bool(), &[join.clone(), c.clone()], q)))
        };
        with(0, 0, 0).unwrap();
        with(1, 1, 1).unwrap();
        for (at_one, pick, same) in [(0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0)] {
            assert_eq!(with(at_one, pick, same), Err("boundary disagrees"), "{at_one} {pick} {same}");
        }
    });
}
