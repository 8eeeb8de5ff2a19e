//! The parts of a merge, from the settings of its slices.

use super::values::{find, setting};
use super::{Method, Reader, Slice};
use crate::Fault;
use crate::file::module_name;
use crate::number::Num;
use crate::parts::{Case, Part, Setting, rows};
use crate::yaml::{At, Node, printable};
use num_traits::One;

impl Reader<'_> {
    /// The numbers of every part: for each slice, and for each way in which filters can fit the name of a tensor.
    pub(super) fn parts(
        &self,
        method: Method,
        slices: &[Slice],
        all: Option<&Node>,
        weighted: &dyn Fn(&Slice) -> Vec<usize>,
    ) -> Result<Vec<Part>, Fault> {
        let mut out: Vec<Part> = Vec::new();
        for (number, s) in slices.iter().enumerate() {
            let of_model = |name: &str, i: usize| -> Result<Vec<Setting>, Fault> {
                let levels = [s.sources[i].parameters.as_ref(), s.parameters.as_ref(), all];
                levels.into_iter().filter_map(|l| find(l, name)).map(|n| setting(n, name)).collect()
            };
            let chosen = weighted(s);
            let mut columns: Vec<(String, At, Vec<Setting>)> = Vec::new();
            let mut kept: Vec<Vec<Setting>> = Vec::new();
            if method == Method::Slerp {
                let levels =
                    [s.parameters.as_ref(), all].into_iter().filter_map(|l| find(l, "t")).map(|n| setting(n, "t"));
                columns.push(("t".to_owned(), s.at, levels.collect::<Result<_, _>>()?));
            } else {
                for i in &chosen {
                    columns.push(("weight".to_owned(), s.sources[*i].at, of_model("weight", *i)?));
                    if method == Method::Ties {
                        kept.push(of_model("density", *i)?);
                    }
                }
            }
            let settings = columns.iter().flat_map(|c| &c.2).chain(kept.iter().flatten());
            let mut filters: Vec<&String> =
                settings.flat_map(|s| s.cases.iter().filter_map(|c| c.filter.as_ref())).collect();
            filters.sort();
            filters.dedup();
            for fitting in fittings(&filters, s.at)? {
                let mut cases = Vec::new();
                for (name, at, levels) in &columns {
                    match levels.iter().find_map(|l| l.case(&fitting)) {
                        Some(case) => cases.push(case),
                        None => {
                            let missing =
                                if levels.is_empty() { "is not given" } else { "is not given for every tensor" };
                            let of = if name == "t" { "The parameter t" } else { "The weight of this model" };
                            return Err(Fault::new(
                                format!("{of} {missing}."),
                                Some(*at),
                                format!("add a line such as {name}: 0.5."),
                            ));
                        }
                    }
                }
                // Everything is kept where no density is given.
                let whole = || Case { filter: None, values: vec![Num::one()], at: s.at };
                let densities: Vec<Case> = kept
                    .iter()
                    .map(|levels| levels.iter().find_map(|l| l.case(&fitting)).cloned().unwrap_or_else(whole))
                    .collect();
                let filter = fitting.iter().map(|f| printable(f)).collect::<Vec<_>>();
                let mut says = if filter.is_empty() {
                    "the tensors that no filter names".to_owned()
                } else {
                    format!("tensors with {} in their name", filter.join(" and "))
                };
                if filters.is_empty() {
                    says = "all tensors".to_owned();
                }
                let mut words: Vec<String> = if filters.is_empty() {
                    Vec::new()
                } else if filter.is_empty() {
                    vec!["rest".to_owned()]
                } else {
                    filter
                };
                if slices.len() > 1 {
                    says = format!("slice {}, {says}", number + 1);
                    words.insert(0, format!("slice{}", number + 1));
                }
                let at = cases.first().map_or(s.at, |c| c.at);
                let suffix: String = words.iter().map(|w| format!("_{}", module_name(w))).collect();
                let part = Part { suffix, says, rows: rows(&cases)?, densities, at };
                // Parts with the same numbers are one part.
                match out.iter_mut().find(|p| p.rows == part.rows && shares(p) == shares(&part)) {
                    Some(same) if slices.len() > 1 => same.says += &format!("; {}", part.says),
                    Some(_) => {}
                    None => out.push(part),
                }
            }
        }
        // Names made of filters may coincide, for signs are left out of them.
        for i in 0..out.len() {
            if out[..i].iter().any(|p| p.suffix == out[i].suffix) {
                out[i].suffix += &format!("_{i}");
            }
        }
        if let [only] = out.as_mut_slice() {
            only.suffix.clear();
            "all tensors".clone_into(&mut only.says);
        }
        if out.len() > PARTS {
            let what = format!(
                "The file sets {} different lists of numbers for its tensors. At most {PARTS} are read.",
                out.len()
            );
            return Err(Fault::new(what, Some(out[PARTS].at), "split the file, or use fewer filters and slices."));
        }
        Ok(out)
    }
}

/// More lists of numbers than a reader could follow.
const PARTS: usize = 8;
/// Filters whose combinations are tried.
const FILTERS: usize = 8;

/// Every set of filters that the name of one tensor can contain: with a filter also those that are a part of it. Small sets come first.
fn fittings<'a>(filters: &[&'a String], at: At) -> Result<Vec<Vec<&'a String>>, Fault> {
    if filters.len() > FILTERS {
        return Err(Fault::new(
            format!("There are {} filters here. At most {FILTERS} are read.", filters.len()),
            Some(at),
            "use fewer filters.",
        ));
    }
    let mut out: Vec<Vec<&String>> = vec![Vec::new()];
    for f in filters {
        let more: Vec<Vec<&String>> = out.iter().map(|s| s.iter().copied().chain([*f]).collect()).collect();
        out.extend(more);
    }
    out.retain(|s| s.iter().all(|f| filters.iter().all(|g| !f.contains(g.as_str()) || s.contains(g))));
    out.sort_by_key(Vec::len);
    // Named filters before the rest reads better.
    out.rotate_left(1);
    Ok(out)
}

/// The densities of a part.
fn shares(p: &Part) -> Vec<&Vec<Num>> {
    p.densities.iter().map(|c| &c.values).collect()
}
