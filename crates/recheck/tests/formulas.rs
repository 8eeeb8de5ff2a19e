//! The formulas of KERNEL.md section 5 for Glue, written out as core terms: they are well typed, and evaluation agrees with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use std::rc::Rc;

type Line = Rc<dyn Fn(D) -> T>;

fn along(b: &Line) -> impl Fn(D) -> T + Clone + 'static {
    let b = b.clone();
    move |i| b(i)
}

fn go(b: &Line, r: D, s: D, t: &T) -> T {
    coe(r, s, along(b), t.clone())
}

/// A path through a function of its dimension.
fn over(f: impl Fn(D) -> T + 'static) -> T {
    dlam(f)
}

/// `E(s, r, i. B)`
fn coercion(s: D, r: D, b: &Line) -> T {
    let y = {
        let b = b.clone();
        move |x: &T| go(&b, s, r, x)
    };
    let h = {
        let (b, y) = (b.clone(), y.clone());
        move |x: &T, k: D, i: D| {
            let (p, q, yx, x) = (b.clone(), b.clone(), y(x), x.clone());
            let sides = vec![
                side(vec![(k, Zero)], {
                    let yx = yx.clone();
                    move |i| go(&p, r, i, &yx)
                }),
                side(vec![(k, One)], move |i| go(&q, s, i, &x)),
            ];
            com(r, i, along(&b), sides, yx)
        }
    };
    let turned = {
        let (b, y) = (b.clone(), y.clone());
        move |x: &T, j: D, i: D| {
            let (p, q, yx, x) = (b.clone(), b.clone(), y(x), x.clone());
            let sides = vec![
                side(vec![(j, Zero)], move |i| go(&p, s, i, &x)),
                side(vec![(j, One)], {
                    let yx = yx.clone();
                    move |i| go(&q, r, i, &yx)
                }),
            ];
            com(r, i, along(&b), sides, yx)
        }
    };
    let e = {
        let b = b.clone();
        move |z: &T, k: D, i: D| {
            let (p, q, back, z) = (b.clone(), b.clone(), go(&b, r, s, z), z.clone());
            let sides = vec![
                side(vec![(k, Zero)], {
                    let back = back.clone();
                    move |i| go(&p, s, i, &back)
                }),
                side(vec![(k, One)], move |i| go(&q, r, i, &z)),
            ];
            com(s, i, along(&b), sides, back)
        }
    };
    let (b1, b3) = (b.clone(), b.clone());
    let (y1, y2) = (y.clone(), y.clone());
    let (h1, e1) = (h.clone(), e.clone());
    let tau = lam(move |x| {
        let (b, y, h, turned, e) = (b3.clone(), y2.clone(), h.clone(), turned.clone(), e.clone());
        dlam(move |j| {
            let (b, y, h, turned, e, x) = (b.clone(), y.clone(), h.clone(), turned.clone(), e.clone(), x.clone());
            dlam(move |k| {
                let yx = y(&x);
                let to = |from: D, t: &T| {
                    let (b, t) = (b.clone(), t.clone());
                    move |i: D| go(&b, from, i, &t)
                };
                let (h, turned, turned2, h2, e, x1, x2, x3, yx2) = (
                    h.clone(),
                    turned.clone(),
                    turned.clone(),
                    h.clone(),
                    e.clone(),
                    x.clone(),
                    x.clone(),
                    x.clone(),
                    yx.clone(),
                );
                let middle = com(
                    r,
                    s,
                    along(&b),
                    vec![
                        side(vec![(j, Zero)], move |i| h(&x1, k, i)),
                        side(vec![(j, One)], to(r, &yx)),
                        side(vec![(k, Zero)], to(r, &yx)),
                        side(vec![(k, One)], move |i| turned(&x2, j, i)),
                    ],
                    yx.clone(),
                );
                com(
                    s,
                    r,
                    along(&b),
                    vec![
                        side(vec![(j, Zero)], to(s, &h2(&x, k, s))),
                        side(vec![(j, One)], move |i| e(&yx2, k, i)),
                        side(vec![(k, Zero)], to(s, &go(&b, r, s, &yx))),
                        side(vec![(k, One)], move |i| turned2(&x3, j, i)),
                    ],
                    middle,
                )
            })
        })
    });
    five(
        lam(move |x| y1(&x)),
        lam(move |x| go(&b1, r, s, &x)),
        lam(move |x| {
            let h = h1.clone();
            dlam(move |k| h(&x, k, s))
        }),
        lam(move |z| {
            let e = e1.clone();
            dlam(move |k| e(&z, k, r))
        }),
        tau,
    )
}

fn of(l: &T) -> Line {
    let l = l.clone();
    Rc::new(move |i| lapp(&l, i))
}

/// For every line of types, something at every two dimensions.
fn for_lines(ty: impl Fn(&T, D, D) -> T + Clone + 'static) -> T {
    pi(line(|_| univ(0)), move |l| {
        let ty = ty.clone();
        line(move |s| {
            let (l, ty) = (l.clone(), ty.clone());
            line(move |r| ty(&l, s, r))
        })
    })
}

fn at_lines(t: impl Fn(&T, D, D) -> T + Clone + 'static) -> T {
    lam(move |l| {
        let t = t.clone();
        dlam(move |s| {
            let (l, t) = (l.clone(), t.clone());
            dlam(move |r| t(&l, s, r))
        })
    })
}

#[test]
fn coercion_is_an_equivalence() {
    deep(|| {
        let w = World::new();
        let ty = for_lines(|l, s, r| equiv(lapp(l, s), lapp(l, r)));
        w.check(&ty, &at_lines(|l, s, r| coercion(s, r, &of(l)))).unwrap();
        assert!(w.check(&ty, &at_lines(|l, s, r| coercion(r, s, &of(l)))).is_err());
        // It is constant where its ends meet.
        let ty = for_lines(|l, s, _| path(equiv(lapp(l, s), lapp(l, s)), coercion(s, s, &of(l)), identity()));
        w.check(&ty, &at_lines(|_, _, _| refl(identity()))).unwrap();
    });
}

/// What an hcom of types is, by the formula.
#[test]
fn an_hcom_of_types_is_a_glue() {
    deep(|| {
        let w = World::new();
        let faces = |l: &T, s: D, r: D, j: D| {
            let (at_r, still) = (lapp(l, r), of(l));
            let constant: Line = {
                let a = at_r.clone();
                Rc::new(move |_| a.clone())
            };
            vec![(vec![(r, s)], at_r, coercion(r, r, &constant)), (vec![(j, Zero)], lapp(l, s), coercion(s, r, &still))]
        };
        let composite = |l: &T, s: D, r: D, j: D| {
            let l2 = l.clone();
            hcom(r, s, univ(0), vec![side(vec![(j, Zero)], move |i| lapp(&l2, i))], lapp(l, r))
        };
        let ty = for_lines(move |l, s, r| {
            let l = l.clone();
            line(move |j| path(univ(0), composite(&l, s, r, j), glue(lapp(&l, r), faces(&l, s, r, j))))
        });
        let proof = at_lines(move |l, s, r| {
            let l = l.clone();
            dlam(move |j| refl(composite(&l, s, r, j)))
        });
        w.check(&ty, &proof).unwrap();
    });
}

/// The five parts of an equivalence.
fn parts(e: &T) -> [T; 5] {
    let rest = |e: &T, n: u32| (0..n).fold(e.clone(), |e, _| snd(e));
    [fst(e.clone()), fst(rest(e, 1)), fst(rest(e, 2)), fst(rest(e, 3)), rest(e, 4)]
}

/// Faces of the line of types, and what the formula says of them.
#[derive(Clone)]
struct Case {
    /// The faces at i and at an outer dimension j; all have the same type and equivalence.
    faces: fn(D, D) -> Vec<Eqs>,
    /// `all i. phi` of those of which it is not false.
    always: fn(D) -> Vec<Eqs>,
    /// Failures of the faces of a, of those of t, and of those of a1, at r, s, j.
    fail_a: fn(D, D, D) -> Vec<Eqs>,
    fail_t: fn(D, D, D) -> Vec<Eqs>,
    fail_1: fn(D, D, D) -> Vec<Eqs>,
}

/// `coe r s (i. Glue A [phi -> (T, e)]) g`, written out; A, T, e are lines.
fn carried(c: &Case, [a, t, e]: &[T; 3], [r, s, j]: [D; 3], g: &T) -> T {
    let (la, lt): (Line, Line) = (of(a), of(t));
    let faces = |i: D| glue_faces(c, [t, e], i, j);
    let fill = |failures: Vec<Eqs>, b: &T| {
        failures
            .into_iter()
            .map(|f| {
                let b = b.clone();
                side(f, move |_| b.clone())
            })
            .collect::<Vec<Side>>()
    };
    let u = go(&lt, r, s, g);
    let start = go(&la, r, s, &unglue(lapp(a, r), faces(r), g.clone()));
    let mut sides = Vec::new();
    for always in (c.always)(j) {
        let (la, lt, e, g) = (la.clone(), lt.clone(), e.clone(), g.clone());
        sides.push(side(always, move |i| go(&la, i, s, &app(&fst(lapp(&e, i)), &go(&lt, r, i, &g)))));
    }
    sides.extend(fill((c.fail_a)(r, s, j), &start));
    let a0 = hcom(r, s, lapp(a, s), sides, start);
    let mut known: Vec<(Eqs, T)> = (c.always)(j).into_iter().map(|phi| (phi, u.clone())).collect();
    known.push((vec![(r, s)], g.clone()));
    let [f, back, eta, epsilon, tau] = parts(&lapp(e, s));
    let lifted = {
        let (known, f, back, eta, a0, ty) =
            (known.clone(), f.clone(), back.clone(), eta.clone(), a0.clone(), lapp(t, s));
        let failures = (c.fail_t)(r, s, j);
        move |k: D| {
            let low = app(&back, &a0);
            let mut sides: Vec<Side> = known
                .iter()
                .map(|(c, u)| {
                    let (eta, f, back, u) = (eta.clone(), f.clone(), back.clone(), u.clone());
                    side(c.clone(), move |k| papp(app(&eta, &u), app(&back, &app(&f, &u)), u.clone(), k))
                })
                .collect();
            sides.extend(failures.iter().map(|f| {
                let b = low.clone();
                side(f.clone(), move |_| b.clone())
            }));
            hcom(Zero, k, ty.clone(), sides, low)
        }
    };
    let p = {
        let (lifted, a0, a_s) = (lifted.clone(), a0.clone(), lapp(a, s));
        move |l: D| {
            let around = {
                let (f, back) = (f.clone(), back.clone());
                move |x: &T| app(&f, &app(&back, x))
            };
            let mut sides = vec![
                side(vec![(l, Zero)], {
                    let (f, lifted) = (f.clone(), lifted.clone());
                    move |k| app(&f, &lifted(k))
                }),
                side(vec![(l, One)], {
                    let (epsilon, a0, around) = (epsilon.clone(), a0.clone(), around.clone());
                    move |k| papp(app(&epsilon, &a0), around(&a0), a0.clone(), k)
                }),
            ];
            sides.extend(known.iter().map(|(c, u)| {
                let (f, back, eta, epsilon, tau, around, u) =
                    (f.clone(), back.clone(), eta.clone(), epsilon.clone(), tau.clone(), around.clone(), u.clone());
                side(c.clone(), move |k| {
                    let fu = app(&f, &u);
                    let low = over({
                        let (f, eta, back, u, fu) = (f.clone(), eta.clone(), back.clone(), u.clone(), fu.clone());
                        move |k| app(&f, &papp(app(&eta, &u), app(&back, &fu), u.clone(), k))
                    });
                    let row = papp(app(&tau, &u), low, app(&epsilon, &fu), l);
                    papp(row, around(&fu), fu.clone(), k)
                })
            }));
            hcom(Zero, One, a_s.clone(), sides, around(&a0))
        }
    };
    let there = (c.faces)(s, j);
    let mut sides: Vec<Side> = there.iter().map(|phi| side(phi.clone(), p.clone())).collect();
    sides.push(side(vec![(r, s)], {
        let a0 = a0.clone();
        move |_| a0.clone()
    }));
    sides.extend(fill((c.fail_1)(r, s, j), &a0));
    let a1 = hcom(One, Zero, lapp(a, s), sides, a0);
    glue_el(a1, there.into_iter().map(|phi| (phi, lifted(One))).collect())
}

/// Everything in the context: lines of types and equivalences, ends, an element; `f` says what stands there.
fn in_context(c: &Case, closed: bool, f: impl Fn(&[T; 3], [D; 3], &T) -> T + Clone + 'static) -> T {
    let c = c.clone();
    let quantified =
        move |ty: T, g: Rc<dyn Fn(T) -> T>| if closed { lam(move |x| g(x)) } else { pi(ty, move |x| g(x)) };
    let along = move |g: Rc<dyn Fn(D) -> T>| if closed { dlam(move |i| g(i)) } else { line(move |i| g(i)) };
    quantified(
        line(|_| univ(0)),
        Rc::new(move |a| {
            let (c, f) = (c.clone(), f.clone());
            quantified(
                line(|_| univ(0)),
                Rc::new(move |t| {
                    let (c, f, a) = (c.clone(), f.clone(), a.clone());
                    let (t2, a2) = (t.clone(), a.clone());
                    let equivalences = line(move |i| equiv(lapp(&t2, i), lapp(&a2, i)));
                    quantified(
                        equivalences,
                        Rc::new(move |e| {
                            let (c, f, s3) = (c.clone(), f.clone(), [a.clone(), t.clone(), e.clone()]);
                            along(Rc::new(move |r| {
                                let (c, f, s3) = (c.clone(), f.clone(), s3.clone());
                                along(Rc::new(move |s| {
                                    let (c, f, s3) = (c.clone(), f.clone(), s3.clone());
                                    along(Rc::new(move |j| {
                                        let (f, s3) = (f.clone(), s3.clone());
                                        quantified(glued(&c, &s3, r, j), Rc::new(move |g| f(&s3, [r, s, j], &g)))
                                    }))
                                }))
                            }))
                        }),
                    )
                }),
            )
        }),
    )
}

fn glued(c: &Case, [a, t, e]: &[T; 3], i: D, j: D) -> T {
    glue(lapp(a, i), glue_faces(c, [t, e], i, j))
}

fn glue_faces(c: &Case, [t, e]: [&T; 2], i: D, j: D) -> Vec<Glued> {
    (c.faces)(i, j).into_iter().map(|phi| (phi, lapp(t, i), lapp(e, i))).collect()
}

#[test]
fn coe_along_a_line_of_glue_types() {
    let cases = [
        // A face that does not speak of i.
        Case {
            faces: |_, j| vec![vec![(j, Zero)]],
            always: |j| vec![vec![(j, Zero)]],
            fail_a: |_, _, j| vec![vec![(j, One)]],
            fail_t: |r, s, j| vec![vec![(j, One), (r, Zero), (s, One)], vec![(j, One), (s, Zero), (r, One)]],
            fail_1: |r, s, j| vec![vec![(j, One), (r, Zero), (s, One)], vec![(j, One), (s, Zero), (r, One)]],
        },
        // An end of i: it is never always there (T20).
        Case {
            faces: |i, _| vec![vec![(i, One)]],
            always: |_| vec![],
            fail_a: |_, _, _| vec![vec![]],
            fail_t: |r, s, _| vec![vec![(r, Zero), (s, One)], vec![(s, Zero), (r, One)]],
            fail_1: |r, s, _| vec![vec![(s, Zero), (r, One)], vec![(s, Zero), (r, Zero), (s, One)]],
        },
        // A diagonal (T21).
        Case {
            faces: |i, j| vec![vec![(i, j)]],
            always: |_| vec![],
            fail_a: |_, _, _| vec![vec![]],
            fail_t: |r, s, _| vec![vec![(r, Zero), (s, One)], vec![(s, Zero), (r, One)]],
            fail_1: |r, s, j| {
                let no = |a, b| vec![vec![(a, Zero), (b, One)], vec![(b, Zero), (a, One)]];
                no(s, j).into_iter().flat_map(|x| no(r, s).into_iter().map(move |y| [x.clone(), y].concat())).collect()
            },
        },
        // Two faces that meet, one of which is always there.
        Case {
            faces: |i, j| vec![vec![(i, Zero)], vec![(j, One)]],
            always: |j| vec![vec![(j, One)]],
            fail_a: |_, _, j| vec![vec![(j, Zero)]],
            fail_t: |r, s, j| vec![vec![(j, Zero), (r, Zero), (s, One)], vec![(j, Zero), (s, Zero), (r, One)]],
            fail_1: |r, s, j| vec![vec![(s, One), (j, Zero), (r, Zero)]],
        },
        // Two equations at opposite ends: any of three reasons makes it fail.
        Case {
            faces: |i, j| vec![vec![(i, Zero), (j, One)]],
            always: |_| vec![],
            fail_a: |_, _, _| vec![vec![]],
            fail_t: |r, s, _| vec![vec![(r, Zero), (s, One)], vec![(s, Zero), (r, One)]],
            fail_1: |r, s, j| {
                let one = vec![vec![(s, One)], vec![(j, Zero)], vec![(s, j)]];
                let two = vec![vec![(r, Zero), (s, One)], vec![(s, Zero), (r, One)]];
                one.into_iter().flat_map(|x| two.clone().into_iter().map(move |y| [x.clone(), y].concat())).collect()
            },
        },
    ];
    for (n, c) in cases.into_iter().enumerate() {
        deep(move || {
            let w = World::new();
            // The formula has the type of the rule. Where the face is true GlueEl is no term: the type stays general.
            let c1 = c.clone();
            let ty = in_context(&c, false, move |abc, [_, s, j], _| glued(&c1, abc, s, j));
            let c1 = c.clone();
            let evidence = in_context(&c, true, move |abc, d, g| carried(&c1, abc, d, g));
            w.check(&ty, &evidence).unwrap_or_else(|e| panic!("case {n}: {e}"));
            // And it is what coe computes.
            let (c1, c2, c3, c4) = (c.clone(), c.clone(), c.clone(), c.clone());
            let moved = move |abc: &[T; 3], [r, s, j]: [D; 3], g: &T| {
                let (c, abc) = (c1.clone(), abc.clone());
                coe(r, s, move |i| glued(&c, &abc, i, j), g.clone())
            };
            let (m2, m3) = (moved.clone(), moved.clone());
            let statement = in_context(&c, false, move |abc, d, g| {
                path(glued(&c2, abc, d[1], d[2]), m2(abc, d, g), carried(&c2, abc, d, g))
            });
            let evidence = in_context(&c3, true, move |abc, d, g| refl(m3(abc, d, g)));
            w.check(&statement, &evidence).unwrap_or_else(|e| panic!("case {n}, computed: {e}"));
            // The formula at a variable end, which is then put in, is what coe computes at that end.
            for place in [0, 1, 2, 3] {
                let end = move |r: D, j: D| [Zero, One, r, j][place];
                let (moved, m2, c) = (moved.clone(), moved.clone(), c4.clone());
                let statement = in_context(&c4, false, move |abc, [r, _, j], g| {
                    let (c1, c2, abc1, abc2, g1) = (c.clone(), c.clone(), abc.clone(), abc.clone(), g.clone());
                    let general = typed(
                        dlam(move |s| carried(&c1, &abc1, [r, s, j], &g1)),
                        line(move |s| glued(&c2, &abc2, s, j)),
                    );
                    let there = end(r, j);
                    path(glued(&c, abc, there, j), lapp(&general, there), moved(abc, [r, there, j], g))
                });
                let evidence = in_context(&c4, true, move |abc, [r, _, j], g| refl(m2(abc, [r, end(r, j), j], g)));
                w.check(&statement, &evidence).unwrap_or_else(|e| panic!("case {n}, end {place}: {e}"));
            }
        });
    }
}

#[test]
fn hcom_at_a_glue_type() {
    deep(|| {
        let w = World::new();
        let c = Case {
            faces: |i, _| vec![vec![(i, Zero)]],
            always: |_| vec![],
            fail_a: |_, _, _| vec![],
            fail_t: |_, _, _| vec![],
            fail_1: |_, _, _| vec![],
        };
        // An element, a path of it to itself, and the hcom along that path under s=1; the face of the type is r=0.
        let with = |closed: bool, f: fn([T; 2], T) -> T| {
            let c2 = c.clone();
            in_context(&c, closed, move |abc, [r, s, j], g| {
                let ty = glued(&c2, abc, r, j);
                let (a, t, e) = (lapp(&abc[0], r), lapp(&abc[1], r), lapp(&abc[2], r));
                let loops = path(ty.clone(), g.clone(), g.clone());
                let (g, ty2) = (g.clone(), ty.clone());
                let body = move |p: T| {
                    let along = {
                        let (p, g) = (p.clone(), g.clone());
                        move |i: D| papp(p.clone(), g.clone(), g.clone(), i)
                    };
                    let whole = hcom(Zero, j, ty2.clone(), vec![side(vec![(s, One)], along.clone())], g.clone());
                    let faces = vec![(vec![(r, Zero)], t.clone(), e.clone())];
                    let under = {
                        let (a, faces) = (a.clone(), faces.clone());
                        move |x: T| unglue(a.clone(), faces.clone(), x)
                    };
                    let lifted = {
                        let (t, along, g) = (t.clone(), along.clone(), g.clone());
                        move |k: D| hcom(Zero, k, t.clone(), vec![side(vec![(s, One)], along.clone())], g.clone())
                    };
                    let sides = vec![
                        side(vec![(s, One)], {
                            let under = under.clone();
                            move |i| under(along(i))
                        }),
                        side(vec![(r, Zero)], {
                            let (e, lifted) = (e.clone(), lifted.clone());
                            move |k| app(&fst(e.clone()), &lifted(k))
                        }),
                    ];
                    let low = hcom(Zero, j, a.clone(), sides, under(g.clone()));
                    f([whole, glue_el(low, vec![(vec![(r, Zero)], lifted(j))])], ty2.clone())
                };
                if closed { lam(body) } else { pi(loops, body) }
            })
        };
        let statement = with(false, |[whole, formula], ty| path(ty, whole, formula));
        w.check(&statement, &with(true, |[whole, _], _| refl(whole))).unwrap();
    });
}
