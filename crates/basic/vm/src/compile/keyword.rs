//! Keywords and HEAR: their arguments are evaluated into registers, and a site tells the machine how to
//! make the effect request. Expressions over columns stay trees whose other parts are registers.

use std::sync::Arc;

use botserver_basic_syntax::ast::{ArgExpr, Expr, ExprKind, Hear, HearKind, KeywordCall, Loc, TextPart};
use botserver_basic_types::{BinaryOp, UnaryOp, Val};

use super::{NOT_ON_COLUMNS, emit::Emitter};
use crate::code::{Ins, Node, Reg, Site, SiteArg, SiteHear};

impl Emitter<'_, '_> {
    /// Runs a keyword; its value goes to `dst`.
    pub(crate) fn effect(&mut self, call: &KeywordCall, dst: Reg) {
        let mut nodes = Vec::new();
        let args: Vec<_> = call.args.iter().map(|(name, arg)| (name.clone(), self.arg(arg, &mut nodes))).collect();
        let saved = call.learns_key.as_ref().and_then(|name| saved_value(name, &args, &nodes));
        self.at(call.loc);
        self.site(call.keyword.clone(), call.form, args, nodes, dst);
        if let Some(object) = saved.filter(|object| *object != dst) {
            self.emit(Ins::SetKey { object, src: dst });
        }
    }

    fn site(&mut self, keyword: Arc<str>, form: u16, args: Vec<(Arc<str>, SiteArg)>, nodes: Vec<Node>, dst: Reg) {
        let live = self.next as Reg;
        let site = self.chunk.sites.len() as u32;
        self.chunk.sites.push(Site { keyword, form, args, live, nodes });
        self.emit(Ins::Effect { dst, site });
    }

    fn arg(&mut self, arg: &ArgExpr, nodes: &mut Vec<Node>) -> SiteArg {
        match arg {
            ArgExpr::Expr(expr) => SiteArg::Value(self.argument(expr)),
            ArgExpr::Exprs(exprs) => SiteArg::Values { first: self.exprs(exprs.iter()), count: exprs.len() as u16 },
            ArgExpr::Condition(expr) => SiteArg::Condition(self.node(expr, nodes)),
            ArgExpr::Assignments(pairs) => SiteArg::Assignments(
                pairs.iter().map(|(column, value)| (column.clone(), self.node(value, nodes))).collect(),
            ),
            ArgExpr::Order(order) => SiteArg::Order(order.clone()),
            ArgExpr::Word(word) => SiteArg::Word(word.clone()),
            ArgExpr::Columns(columns) => SiteArg::Columns(
                columns.iter().map(|(value, alias)| (self.node(value, nodes), alias.clone())).collect(),
            ),
        }
    }

    /// Always a register of its own: a later argument may assign the variable, and a snapshot taken while
    /// the effect is pending makes the request again from its registers.
    fn argument(&mut self, expr: &Expr) -> Reg {
        let register = self.temp();
        self.expr_to(expr, register);
        register
    }

    /// Adds the tree of an expression over columns and gives the index of its root.
    fn node(&mut self, expr: &Expr, nodes: &mut Vec<Node>) -> u32 {
        let node = if expr.names_column() { self.column_node(expr, nodes) } else { Node::Value(self.argument(expr)) };
        nodes.push(node);
        nodes.len() as u32 - 1
    }

    fn column_node(&mut self, expr: &Expr, nodes: &mut Vec<Node>) -> Node {
        match &expr.kind {
            ExprKind::Column { table, name } => Node::Column { table: table.clone(), name: name.clone() },
            ExprKind::Star => Node::Star,
            ExprKind::Unary(op, operand) => Node::Unary(*op, self.node(operand, nodes)),
            ExprKind::Binary(op, left, right) => {
                let left = self.node(left, nodes);
                Node::Binary(*op, left, self.node(right, nodes))
            }
            ExprKind::Between { operand, low, high, negated } => {
                let operand = self.node(operand, nodes);
                let low = self.node(low, nodes);
                let between = Node::Between(operand, low, self.node(high, nodes));
                if !negated {
                    return between;
                }
                nodes.push(between);
                Node::Unary(UnaryOp::Not, nodes.len() as u32 - 1)
            }
            ExprKind::InList { needle, list, negated } => {
                let needle = self.node(needle, nodes);
                let list = list.iter().map(|item| self.node(item, nodes)).collect();
                Node::In { needle, list, negated: *negated }
            }
            ExprKind::IsNull { operand, negated } => {
                Node::IsNull { operand: self.node(operand, nodes), negated: *negated }
            }
            ExprKind::Function { name, args } => {
                Node::Call(name.clone(), args.iter().map(|arg| self.node(arg, nodes)).collect())
            }
            ExprKind::Method { base, name, args, .. } => {
                let mut all = vec![self.node(base, nodes)];
                all.extend(args.iter().map(|arg| self.node(arg, nodes)));
                Node::Call(name.clone(), all)
            }
            ExprKind::Ternary { condition, yes, no } => {
                let all = [condition, yes, no].into_iter().map(|part| self.node(part, nodes)).collect();
                Node::Call(Arc::from("IIF"), all)
            }
            // "${column}…" is the joining of texts.
            ExprKind::Interpolated(parts) => self.joined(parts, nodes),
            _ => {
                self.problems.error(
                    NOT_ON_COLUMNS,
                    expr.loc,
                    "this cannot be computed over columns; put the part that needs the script into a variable first",
                );
                Node::Star
            }
        }
    }

    fn joined(&mut self, parts: &[TextPart], nodes: &mut Vec<Node>) -> Node {
        let mut joined: Option<u32> = None;
        for part in parts {
            let next = match part {
                TextPart::Expr(expr) => self.node(expr, nodes),
                TextPart::Text(text) => {
                    let register = self.temp();
                    let text = botserver_basic_types::Text::new(&**text);
                    self.load(&Val::Text(text), register);
                    nodes.push(Node::Value(register));
                    nodes.len() as u32 - 1
                }
            };
            joined = Some(match joined {
                None => next,
                Some(before) => {
                    nodes.push(Node::Binary(BinaryOp::Concat, before, next));
                    nodes.len() as u32 - 1
                }
            });
        }
        // The last joining is the node to be added by the caller.
        match (joined, nodes.pop()) {
            (Some(_), Some(last)) => last,
            _ => Node::Star,
        }
    }

    /// HEAR: the answer goes to `dst`.
    pub(crate) fn hear_value(&mut self, hear: &Hear, loc: Loc, dst: Reg) {
        let kind = match &hear.kind {
            HearKind::Type(kind) => SiteHear::Type(Arc::from(kind.name())),
            HearKind::Menu { options, free } => {
                SiteHear::Menu { first: self.exprs(options.iter()), count: options.len() as u16, free: *free }
            }
            HearKind::List(list) => SiteHear::List(self.argument(list)),
        };
        let prompt = hear.prompt.as_ref().map(|prompt| self.argument(prompt));
        let default = hear.default.as_ref().map(|default| self.argument(default));
        self.at(loc);
        let args = vec![(Arc::from("hear"), SiteArg::Hear { kind, prompt, default })];
        self.site(Arc::from("HEAR"), 0, args, Vec::new(), dst);
    }
}

/// The register of the value that is saved. Of several values only an object behind its key is one; more are
/// columns.
fn saved_value(name: &Arc<str>, args: &[(Arc<str>, SiteArg)], nodes: &[Node]) -> Option<Reg> {
    match args.iter().find(|(own, _)| own == name)? {
        (_, SiteArg::Value(register)) => Some(*register),
        (_, SiteArg::Assignments(pairs)) if pairs.len() <= 2 => match nodes.get(pairs.last()?.1 as usize)? {
            Node::Value(register) => Some(*register),
            _ => None,
        },
        _ => None,
    }
}
