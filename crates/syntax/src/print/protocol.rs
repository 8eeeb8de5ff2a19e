//! Source text of protocols.

use super::Printer;
use crate::tree::*;

impl Printer {
    pub(super) fn protocol(&mut self, p: &Protocol) {
        self.comment(p.doc.as_deref(), "");
        self.attributes(&p.attrs, "");
        self.put("protocol ");
        self.put(&p.name.text);
        self.after(&p.binders);
        for item in &p.items {
            self.put("\n");
            self.comment(item.doc.as_deref(), "  ");
            self.attributes(&item.attrs, "  ");
            self.put("  ");
            self.item(item);
        }
        self.put("\nend\n");
    }

    fn comment(&mut self, text: Option<&str>, indent: &str) {
        for line in text.into_iter().flat_map(str::lines) {
            self.put(indent);
            self.put("--- ");
            self.put(line);
            self.put("\n");
        }
    }

    fn attributes(&mut self, attrs: &[Attr], indent: &str) {
        for a in attrs {
            self.put(indent);
            self.put("@[");
            self.put(&a.name.text);
            for e in &a.args {
                self.put(" ");
                self.open(e);
            }
            self.put("]\n");
        }
    }

    fn after(&mut self, bs: &[Binder]) {
        if !bs.is_empty() {
            self.put(" ");
            self.binders(bs);
        }
    }

    fn words(&mut self, word: &str, name: &Name, parts: &[(&str, &Expr)]) {
        self.put(word);
        self.put(" ");
        self.put(&name.text);
        for (sign, e) in parts {
            self.put(sign);
            self.open(e);
        }
    }

    fn item(&mut self, item: &Item) {
        let name = &item.name;
        match &item.kind {
            ItemKind::Sort(e) => self.words("sort", name, &[(" := ", e)]),
            ItemKind::Byzantine(ty, most) => self.words("byzantine", name, &[(" : ", ty), (" at most ", most)]),
            ItemKind::Given(ty) => self.words("given", name, &[(" : ", ty)]),
            ItemKind::Assumed(ty) => {
                self.put("given (");
                self.put(&name.text);
                self.put(" : ");
                self.open(ty);
                self.put(")");
            }
            ItemKind::Quorum(least) => self.words("quorum", name, &[(" := at least ", least)]),
            ItemKind::Message(ty) => self.words("message", name, &[(" : ", ty)]),
            ItemKind::Relation(ty) => self.words("relation", name, &[(" : ", ty)]),
            ItemKind::Function(ty, init) => self.words("function", name, &[(" : ", ty), (" := ", init)]),
            ItemKind::Command { binders, when, does } => {
                self.words("command", name, &[]);
                self.after(binders);
                if let Some(e) = when {
                    self.put("\n    when ");
                    self.open(e);
                }
                for d in does {
                    self.put("\n    do ");
                    self.put(&d.part.text);
                    for a in &d.args {
                        self.put(" ");
                        self.argument(&Arg { name: None, implicit: false, expr: a.clone() });
                    }
                    self.put(" := ");
                    self.open(&d.value);
                }
            }
            ItemKind::Decides => self.words("decides", name, &[]),
            ItemKind::Invariant(e) => self.words("invariant", name, &[(" : ", e)]),
            ItemKind::Safety(e, body) => {
                self.words("safety", name, &[(" : ", e)]);
                self.body(body);
            }
            ItemKind::Live { fair, statement, body } => {
                self.words("live", name, &[]);
                for (n, command) in fair.iter().enumerate() {
                    self.put(if n == 0 { " under fair " } else { ", " });
                    self.put(&command.text);
                }
                self.put(" : ");
                self.open(statement);
                self.body(body);
            }
        }
    }

    /// The body of a claim.
    fn body(&mut self, body: &Body) {
        match body {
            Body::Term(e) => {
                self.put(" := ");
                self.open(e);
            }
            Body::By(s) => {
                self.put("\n  by ");
                self.script(s);
            }
            Body::RefutedAt { witness, script } => {
                self.put("\n  refuted at");
                for (name, e) in witness {
                    self.put(" (");
                    self.put(&name.text);
                    self.put(" := ");
                    self.open(e);
                    self.put(")");
                }
                if let Some(s) = script {
                    self.put(" by ");
                    self.script(s);
                }
            }
            Body::None | Body::Clauses(_) | Body::Constructors(_) => {}
        }
    }
}
