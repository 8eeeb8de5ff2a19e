//! Mergekit files as people have them. What is read is what the merged numbers depend on; the rest is named in a note.
//!
//! What the keys mean is taken from mergekit itself: its `config.py`, `plan.py` and `merge_methods`.

mod divide;
mod values;

use crate::file::module_name;
use crate::number::{Num, sum};
use crate::parts::Part;
use crate::yaml::{self, At, Kind, Node, printable};
use crate::{Fault, Written, combination, slerp, ties};
use num_traits::{One, Signed};

use values::{find, items, layers, model_name, number};

/// Finds the word that a mistyped one may have meant.
pub type Nearest<'a> = &'a dyn Fn(&str, &[&str]) -> Option<String>;

/// The methods that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Linear,
    Slerp,
    TaskArithmetic,
    Ties,
}

const METHODS: [(&str, Method); 4] = [
    ("linear", Method::Linear),
    ("slerp", Method::Slerp),
    ("task_arithmetic", Method::TaskArithmetic),
    ("ties", Method::Ties),
];

impl Method {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(_, m)| *m == self).map_or("", |(name, _)| name)
    }
}

/// Methods of mergekit that are not read.
const OTHERS: [&str; 17] = [
    "arcee_fusion",
    "breadcrumbs",
    "breadcrumbs_ties",
    "dare_linear",
    "dare_ties",
    "della",
    "della_linear",
    "karcher",
    "model_stock",
    "multislerp",
    "nearswap",
    "nuslerp",
    "passthrough",
    "ram",
    "ramplus_tl",
    "sce",
    "average",
];

/// Keys of the file: those that are read, and those of mergekit on which no claim depends.
const KEYS: [&str; 5] = ["merge_method", "models", "slices", "base_model", "parameters"];
const KEYS_PASSED: [&str; 5] = ["dtype", "out_dtype", "tokenizer_source", "tokenizer", "chat_template"];
/// Parameters on whose setting no claim depends, whatever the method.
const PARAMETERS_PASSED: [&str; 1] = ["int8_mask"];
/// Parameters that mergekit knows for some method.
const PARAMETERS: [&str; 20] = [
    "weight",
    "density",
    "normalize",
    "t",
    "lambda",
    "rescale",
    "int8_mask",
    "gamma",
    "epsilon",
    "max_iter",
    "tol",
    "filter_wise",
    "nuslerp_flatten",
    "nuslerp_row_wise",
    "normalize_weights",
    "eps",
    "select_topk",
    "scale",
    "fill_strategy",
    "r",
];

/// A model with the parameters that are set for it.
pub struct Source {
    pub name: String,
    at: At,
    parameters: Option<Node>,
}

/// Models that give layers of the result.
struct Slice {
    sources: Vec<Source>,
    base: Option<(String, At)>,
    parameters: Option<Node>,
    at: At,
}

/// A merge, ready to be written down.
pub struct Merge {
    pub file: String,
    pub module: String,
    pub method: Method,
    /// Names of the models that are weighted; without the base where changes of it are merged.
    pub models: Vec<String>,
    pub base: Option<String>,
    pub normalize: bool,
    pub scale: Num,
    pub parts: Vec<Part>,
    pub notes: Vec<String>,
}

/// Keys that are not read, each with its line.
struct Reader<'a> {
    nearest: Nearest<'a>,
    /// Those that act beside the merge of numbers.
    aside: Vec<String>,
    /// Those that mergekit knows and that change nothing here.
    passed: Vec<String>,
    /// Those that mergekit does not know.
    unknown: Vec<String>,
}

/// Reads a mergekit file and writes the claims about it.
///
/// # Errors
/// The first thing in it that is no recipe of a method that is read.
pub fn mergekit(file: &str, text: &str, nearest: Nearest) -> Result<Written, Fault> {
    let root = yaml::parse(text)?;
    let mut reader = Reader { nearest, aside: Vec::new(), passed: Vec::new(), unknown: Vec::new() };
    let mut merge = reader.merge(file, &root)?;
    for (words, what) in [
        (&reader.aside, "Claims are about exact numbers, before any rounding and before changes of the vocabulary."),
        (&reader.passed, "That changes nothing in what is merged."),
        (&reader.unknown, "Mergekit does not know that either."),
    ] {
        if !words.is_empty() {
            merge.notes.push(format!("Not read: {}. {what}", words.join(", ")));
        }
    }
    Ok(match merge.method {
        Method::Linear | Method::TaskArithmetic => combination::write(&merge),
        Method::Slerp => slerp::write(&merge),
        Method::Ties => ties::write(&merge),
    })
}

fn entries(node: &Node) -> &[(String, At, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        _ => &[],
    }
}

impl Reader<'_> {
    fn merge(&mut self, file: &str, root: &Node) -> Result<Merge, Fault> {
        if !matches!(root.kind, Kind::Map(_)) {
            return Err(Fault::new(
                "A mergekit file is a list of keys with values.",
                Some(root.at),
                "begin with a line such as merge_method: linear.",
            ));
        }
        self.keys(root, &KEYS, &KEYS_PASSED)?;
        let method = self.method(root)?;
        let base = match root.get("base_model").filter(|n| !n.is_null()) {
            Some(node) => Some((model_name(node)?, node.at)),
            None => None,
        };
        let slices = self.slices(root, base.as_ref())?;
        let all = root.get("parameters").filter(|n| !n.is_null());
        for node in all.into_iter().chain(
            slices
                .iter()
                .flat_map(|s| s.parameters.iter().chain(s.sources.iter().filter_map(|m| m.parameters.as_ref()))),
        ) {
            self.parameters(node, method)?;
        }
        let normalize_default = matches!(method, Method::Linear | Method::Ties);
        let normalize = flag(all, &slices, "normalize")?.unwrap_or(normalize_default);
        if method == Method::Ties && flag(all, &slices, "rescale")? == Some(true) {
            let at = find(all, "rescale").map(|n| n.at);
            return Err(Fault::new(
                "With rescale, what is kept of a change is stretched to the size before. Claims about that are not written.",
                at,
                "leave rescale out, or set it to false.",
            ));
        }
        of_the_file(&slices, "lambda")?;
        let scale = match find(all, "lambda") {
            Some(node) => number(node, "lambda")?,
            None => Num::one(),
        };
        let first = slices.first().map(|s| s.at).unwrap_or(root.at);
        let base_of = |s: &Slice| s.base.clone().or(base.clone());
        let weighted = |s: &Slice| -> Vec<usize> {
            let b = base_of(s).map(|b| b.0);
            let skip = matches!(method, Method::TaskArithmetic | Method::Ties);
            (0..s.sources.len()).filter(|i| !(skip && Some(&s.sources[*i].name) == b.as_ref())).collect()
        };
        for s in &slices {
            self.fits(s, method, base_of(s).as_ref())?;
        }
        let names = |s: &Slice| -> Vec<String> { weighted(s).iter().map(|i| s.sources[*i].name.clone()).collect() };
        let models = slices.first().map(names).unwrap_or_default();
        if let Some(other) = slices.iter().find(|s| weighted(s).len() != models.len()) {
            let what = format!("One slice merges {} models, and this one {}.", models.len(), weighted(other).len());
            return Err(Fault::new(what, Some(other.at), "split the file into one for each slice."));
        }
        let parts = self.parts(method, &slices, all, &weighted)?;
        if method == Method::TaskArithmetic && normalize {
            let sums = |p: &Part| -> Vec<Num> { p.rows.iter().map(|r| sum(r)).collect() };
            let crosses = |p: &&Part| p.layered() && sums(p).windows(2).any(|w| !(&w[0] * &w[1]).is_positive());
            if let Some(p) = parts.iter().find(crosses) {
                let what = "The weights sum to 0 at some layer, and there mergekit does not divide by their sum. Such a mixture is not read.";
                return Err(Fault::new(what, Some(p.at), "change a weight, or set normalize to false."));
            }
        }
        let same = slices.iter().all(|s| names(s) == models);
        let models =
            if same { models } else { (1..=models.len()).map(|i| format!("source {i} of each slice")).collect() };
        let base = slices.first().and_then(base_of).map(|b| b.0);
        if models.is_empty() {
            return Err(Fault::new(
                "No model is merged here besides the base.",
                Some(first),
                "name the models under models.",
            ));
        }
        let stem = std::path::Path::new(file).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Merge {
            file: file.to_owned(),
            module: module_name(&stem),
            method,
            models,
            base,
            normalize,
            scale,
            parts,
            notes: Vec::new(),
        })
    }

    /// Says which keys of a map are not read. One that is nearly a known key is refused, for it was meant to count.
    fn keys(&mut self, node: &Node, read: &[&str], passed: &[&str]) -> Result<(), Fault> {
        for (name, at, _) in entries(node) {
            let name = name.as_str();
            let (shown, line) = (printable(name), at.0);
            if read.contains(&name) {
                continue;
            }
            if passed.contains(&name) {
                self.aside.push(format!("{shown} in line {line}"));
                continue;
            }
            let missing: Vec<&str> = read.iter().filter(|k| node.get(k).is_none()).copied().collect();
            if let Some(near) = (self.nearest)(name, &missing) {
                let what = format!("There is no key named {shown}: mergekit would pass over it.");
                return Err(Fault::new(what, Some(*at), format!("write {near} if that is meant, or delete the line.")));
            }
            self.unknown.push(format!("{shown} in line {line}"));
        }
        Ok(())
    }

    fn method(&self, root: &Node) -> Result<Method, Fault> {
        let known = METHODS.map(|m| m.0);
        let Some(node) = root.get("merge_method") else {
            return Err(Fault::new(
                "The key merge_method is missing, so the way of merging is not known.",
                Some(root.at),
                "add a line such as merge_method: linear.",
            ));
        };
        let word = node.text().unwrap_or_default();
        if let Some((_, method)) = METHODS.iter().find(|(name, _)| *name == word) {
            return Ok(*method);
        }
        let shown = printable(word);
        let what = if OTHERS.contains(&word) {
            format!("The method {shown} of mergekit is not read here. Read are {}.", known.join(", "))
        } else {
            format!("There is no merge method named {shown}. Read are {}.", known.join(", "))
        };
        let mend = match (self.nearest)(word, &known) {
            Some(near) => format!("write {near} if that is meant."),
            None => "write one of these, or state your claims by hand.".to_owned(),
        };
        Err(Fault::new(what, Some(node.at), mend))
    }

    fn slices(&mut self, root: &Node, base: Option<&(String, At)>) -> Result<Vec<Slice>, Fault> {
        if let Some((_, at, _)) = entries(root).iter().find(|(n, _, _)| n == "modules") {
            return Err(Fault::new(
                "Merges of several modules are not read here.",
                Some(*at),
                "write a file with models or slices for each module.",
            ));
        }
        match (root.get("models"), root.get("slices")) {
            (Some(_), Some(both)) => Err(Fault::new(
                "Both models and slices are given, and mergekit takes only one of them.",
                Some(both.at),
                "delete one of the two.",
            )),
            (None, None) => Err(Fault::new(
                "Models or slices are missing, so there is nothing to merge.",
                Some(root.at),
                "list the models under models.",
            )),
            (Some(models), None) => {
                let mut sources = Vec::new();
                for node in items(models, "models")? {
                    sources.push(self.source(node, &["model", "parameters"])?);
                }
                // Mergekit adds the base to the models where it is not listed.
                if let Some((name, at)) = base.filter(|b| sources.iter().all(|s| s.name != b.0)) {
                    sources.push(Source { name: name.clone(), at: *at, parameters: None });
                }
                Ok(vec![Slice { sources, base: None, parameters: None, at: models.at }])
            }
            (None, Some(slices)) => {
                let mut out = Vec::new();
                for node in items(slices, "slices")? {
                    self.keys(node, &["sources", "base_model", "parameters"], &[])?;
                    let Some(listed) = node.get("sources") else {
                        return Err(Fault::new(
                            "This slice has no sources.",
                            Some(node.at),
                            "list its models under sources.",
                        ));
                    };
                    let mut sources = Vec::new();
                    let mut lengths: Vec<(usize, At)> = Vec::new();
                    for node in items(listed, "sources")? {
                        sources.push(self.source(node, &["model", "layer_range", "parameters"])?);
                        lengths.extend(layers(node)?);
                    }
                    if let Some((length, at)) = lengths.iter().find(|(l, _)| *l != lengths[0].0) {
                        let what = format!(
                            "The models of a slice need the same number of layers. Here are {length} layers, before {}.",
                            lengths[0].0
                        );
                        return Err(Fault::new(what, Some(*at), "make the ranges equally long."));
                    }
                    let base = match node.get("base_model").filter(|n| !n.is_null()) {
                        Some(b) => Some((model_name(b)?, b.at)),
                        None => None,
                    };
                    out.push(Slice {
                        sources,
                        base,
                        parameters: node.get("parameters").filter(|n| !n.is_null()).cloned(),
                        at: node.at,
                    });
                }
                Ok(out)
            }
        }
    }

    fn source(&mut self, node: &Node, keys: &[&str]) -> Result<Source, Fault> {
        let Some(model) = node.get("model") else {
            return Err(Fault::new("This entry names no model.", Some(node.at), "add a line such as model: NAME."));
        };
        self.keys(node, keys, &[])?;
        let parameters = node.get("parameters").filter(|n| !n.is_null()).cloned();
        Ok(Source { name: model_name(model)?, at: model.at, parameters })
    }

    /// Which parameters count for the method, and which do not.
    fn parameters(&mut self, node: &Node, method: Method) -> Result<(), Fault> {
        if !matches!(node.kind, Kind::Map(_)) {
            return Err(Fault::new(
                "Parameters are a list of names with values.",
                Some(node.at),
                "write a line such as weight: 0.5.",
            ));
        }
        let read: &[&str] = match method {
            Method::Linear => &["weight", "normalize"],
            Method::Slerp => &["t"],
            Method::TaskArithmetic => &["weight", "normalize", "lambda"],
            Method::Ties => &["weight", "density", "normalize", "lambda", "rescale"],
        };
        for (name, at, _) in entries(node) {
            let name = name.as_str();
            if read.contains(&name) {
                continue;
            }
            let (shown, line) = (printable(name), at.0);
            if PARAMETERS_PASSED.contains(&name) || PARAMETERS.contains(&name) {
                self.passed.push(format!("{shown} in line {line}"));
            } else if let Some(near) = (self.nearest)(name, &PARAMETERS) {
                let what = format!("There is no parameter named {shown}: mergekit would pass over it.");
                return Err(Fault::new(what, Some(*at), format!("write {near} if that is meant, or delete the line.")));
            } else {
                self.unknown.push(format!("{shown} in line {line}"));
            }
        }
        Ok(())
    }

    /// Whether a slice has the models that its method needs.
    fn fits(&self, s: &Slice, method: Method, base: Option<&(String, At)>) -> Result<(), Fault> {
        let n = s.sources.len();
        match method {
            Method::Linear => Ok(()),
            Method::Slerp => {
                if n != 2 {
                    let what =
                        format!("Slerp merges two models, the base among them, and here the number of models is {n}.");
                    return Err(Fault::new(what, Some(s.at), "name two models, or take another method."));
                }
                match base {
                    None => Err(Fault::new(
                        "Slerp needs base_model, the model that t at 0 gives.",
                        Some(s.at),
                        "add base_model with the name of one of the models.",
                    )),
                    Some((name, at)) if s.sources.iter().all(|m| m.name != *name) => Err(Fault::new(
                        format!("The base {} is not among the models of this slice.", printable(name)),
                        Some(*at),
                        "name one of the two models.",
                    )),
                    Some(_) => Ok(()),
                }
            }
            Method::TaskArithmetic | Method::Ties => match base {
                None => Err(Fault::new(
                    "This method merges changes of a base, and base_model is missing.",
                    Some(s.at),
                    "add base_model with the name of the base.",
                )),
                Some((name, at)) if s.sources.iter().all(|m| m.name != *name) => Err(Fault::new(
                    format!("The base {} is not among the sources of this slice.", printable(name)),
                    Some(*at),
                    "add it as a source.",
                )),
                Some(_) => Ok(()),
            },
        }
    }
}

/// Refuses a parameter of a slice that is read for the whole file only.
fn of_the_file(slices: &[Slice], name: &str) -> Result<(), Fault> {
    if let Some(node) = slices.iter().find_map(|s| find(s.parameters.as_ref(), name)) {
        let what = format!("The parameter {name} is set for one slice. It is read for the whole file only.");
        return Err(Fault::new(what, Some(node.at), "set it under parameters of the file."));
    }
    Ok(())
}

/// A parameter that is true or false.
fn flag(all: Option<&Node>, slices: &[Slice], name: &str) -> Result<Option<bool>, Fault> {
    of_the_file(slices, name)?;
    let Some(node) = find(all, name) else { return Ok(None) };
    match node.text().unwrap_or_default() {
        "true" | "True" | "TRUE" | "yes" | "on" | "1" | "1.0" => Ok(Some(true)),
        "false" | "False" | "FALSE" | "no" | "off" | "0" | "0.0" => Ok(Some(false)),
        other => {
            let what = format!("The value of {name} is {}, and it must be true or false.", printable(other));
            Err(Fault::new(what, Some(node.at), "write true or false."))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Written, Fault> {
        mergekit("a.yml", text, &|_, _| None)
    }

    const TWO: &str = "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 2}}]\n";

    #[test]
    fn what_is_no_recipe_is_said_to_be_none() {
        for (text, part) in [
            ("", "The file is empty."),
            ("a", "is a list of keys"),
            ("[1]", "is a list of keys"),
            ("{", "This is no YAML"),
            ("merge_method: linear", "Models or slices are missing"),
            ("merge_method: linear\nmodels: 3", "needs a list"),
            ("merge_method: linear\nmodels: []", "needs a list"),
            ("merge_method: linear\nmodels: [a]", "names no model"),
            ("merge_method: linear\nmodels: [{model: }]", "named by a text"),
            ("merge_method: linear\nmodels: [{model: a}]", "The weight of this model is not given."),
            ("merge_method: linear\nmodels: [{model: a, parameters: 3}]", "Parameters are a list"),
            (
                "merge_method: linear\nmodels: [{model: a, parameters: {weight: [1, [2]]}}]",
                "is a list, and that is no number",
            ),
            (
                "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1e99}}]",
                "is 1e99, and that is no number",
            ),
            ("merge_method: linear\nmodels: [{model: a, parameters: {weight: .nan}}]", "that is no number"),
            ("merge_method: linear\nmodels: [{model: a, parameters: {weight: [{filter: mlp}]}}]", "has no value"),
            (
                "merge_method: linear\nmodels: [{model: a, parameters: {weight: [{filter: mlp, value: 1}]}}]",
                "not given for every tensor",
            ),
            ("merge_method: linear\nmodels: [{model: a}]\nslices: [{sources: []}]", "Both models and slices"),
            ("merge_method: linear\nslices: [{sources: [{model: a, layer_range: [4, 2]}]}]", "A range of layers"),
            ("merge_method: linear\nmodules: {}", "several modules"),
            ("merge_method: ties\nbase_model: a\nmodels: [{model: a}]", "No model is merged"),
            (
                "merge_method: task_arithmetic\nbase_model: b\nparameters: {normalize: true}\nmodels: [{model: a, parameters: {weight: [1, -1]}}]",
                "The weights sum to 0 at some layer",
            ),
            ("&a [*a]", "inside what it names"),
            ("? [a]\n: b", "must be a word"),
        ] {
            assert!(read(text).unwrap_err().what.contains(part), "{text}: {:?}", read(text));
        }
        assert!(read(&"[".repeat(1000)).is_err());
        let many = format!(
            "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n{}",
            ('b'..'h')
                .map(|c| {
                    let before = char::from_u32(u32::from(c) - 1).unwrap();
                    format!("{c}: &{c} [{}]\n", vec![format!("*{before}"); 9].join(", "))
                })
                .collect::<String>()
        );
        assert!(read(&many).unwrap_err().what.contains("more than 20000 values"));
    }

    #[test]
    fn parts_have_their_own_names_and_numbers() {
        let text = "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: [{filter: mlp, value: 1}, {filter: mlp., value: 2}, {value: 3}]}}\n- {model: b, parameters: {weight: [{filter: mlp., value: 4}, {value: 5}]}}\n";
        let text = read(text).unwrap().text;
        // A name with mlp. in it has mlp in it, so the first model's second case is never used.
        assert!(
            text.contains("[1, 5]") && text.contains("[1, 4]") && text.contains("[3, 5]") && !text.contains("[2, "),
            "{text}"
        );
        assert_eq!(text.matches("operator merge_").count(), 3);
        let names: std::collections::BTreeSet<&str> =
            text.lines().filter_map(|l| l.strip_prefix("operator ")?.split(' ').next()).collect();
        assert_eq!(names.len(), 3, "{text}");
    }

    #[test]
    fn what_is_passed_over_is_named() {
        let w = read(&format!("{TWO}merge_method: linear\nname: mine\ndtype: float16\n")).unwrap();
        assert_eq!(
            w.notes,
            [
                "Not read: dtype in line 4. Claims are about exact numbers, before any rounding and before changes of the vocabulary.",
                "Not read: name in line 3. Mergekit does not know that either.",
            ]
        );
        let near = |word: &str, _: &[&str]| (word == "parameterz").then(|| "parameters".to_owned());
        let fault = mergekit("a.yml", &format!("{TWO}merge_method: linear\nparameterz: {{normalize: false}}\n"), &near)
            .unwrap_err();
        assert_eq!(
            (fault.place, fault.mend.as_str()),
            (Some((3, 1)), "write parameters if that is meant, or delete the line.")
        );
    }
}
