//! Expressions into registers. `expr_to` writes its destination as the last thing it does, so that the
//! destination may be a variable that the expression itself reads.

use std::sync::Arc;

use botserver_basic_syntax::ast::{ErrorPart, Expr, ExprKind, Name, TextPart};
use botserver_basic_types::{Val, Value};

use super::{
    NOT_ON_COLUMNS, UNKNOWN_PROCEDURE,
    emit::{Emitter, Patch, Place},
    fold,
};
use crate::code::{Ins, Reg};

/// Values of one literal that are gathered in registers at a time.
const BATCH: usize = 64;

impl Emitter<'_, '_> {
    /// The register that holds the value: a variable's own, or a fresh one.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Reg {
        if let ExprKind::Variable(name) = &expr.kind
            && let Place::Register(register) = self.place(name)
        {
            return register;
        }
        if let ExprKind::Procedure { name, args } = &expr.kind {
            // The result already stands where a fresh register would be.
            let base = self.call(name, args);
            self.next = usize::from(base) + 1;
            return base;
        }
        let dst = self.temp();
        self.expr_to(expr, dst);
        dst
    }

    /// Both operands; the left one is copied if evaluating the right one may change its variable.
    pub(crate) fn operands(&mut self, left: &Expr, right: &Expr) -> (Reg, Reg) {
        let a = if matches!(left.kind, ExprKind::Variable(_)) && may_assign(right) {
            let copy = self.temp();
            self.expr_to(left, copy);
            copy
        } else {
            self.expr(left)
        };
        (a, self.expr(right))
    }

    /// Evaluates into fresh neighbouring registers and gives the first.
    pub(crate) fn exprs<'e>(&mut self, exprs: impl ExactSizeIterator<Item = &'e Expr>) -> Reg {
        let first = self.temps(exprs.len());
        for (index, expr) in exprs.enumerate() {
            self.expr_to(expr, first + index as Reg);
        }
        first
    }

    /// Evaluates into `dst`.
    pub(crate) fn expr_to(&mut self, expr: &Expr, dst: Reg) {
        self.scoped(|me| me.value(expr, dst));
    }

    fn value(&mut self, expr: &Expr, dst: Reg) {
        if let ExprKind::Literal(Value::Text(text)) = &expr.kind {
            self.at(expr.loc);
            let index = self.tables.text(text);
            self.emit(Ins::LoadConst { dst, index });
            return;
        }
        if let Some(value) = self.constant(expr) {
            self.at(expr.loc);
            return self.load(&value, dst);
        }
        match &expr.kind {
            // Plain literals were constants; lists, objects and the rest come as nodes of their own.
            ExprKind::Literal(value) => self.detached(value, dst),
            ExprKind::Variable(name) => match self.place(name) {
                Place::Register(src) => {
                    self.at(expr.loc);
                    self.move_to(dst, src);
                }
                Place::Script(slot) => {
                    self.at(expr.loc);
                    self.emit(Ins::GetScript { dst, slot });
                }
            },
            ExprKind::Interpolated(parts) => self.interpolated(parts, dst),
            ExprKind::Column { .. } | ExprKind::Star => {
                self.problems.error(
                    NOT_ON_COLUMNS,
                    expr.loc,
                    "a column can only stand in a condition of a data keyword",
                );
            }
            ExprKind::Array(items) => self.array(items, dst),
            ExprKind::Object(fields) => self.object(fields, dst),
            ExprKind::Member { .. } | ExprKind::Index { .. } => {
                let mut skips = Vec::new();
                self.chain(expr, dst, &mut skips);
                self.null_or(skips, dst);
            }
            ExprKind::Method { base, name, args, safe, mutating } => {
                self.method(expr, (base, name, args), *safe, *mutating, dst);
            }
            ExprKind::Function { name, args } => {
                let base = self.exprs(args.iter());
                self.at(expr.loc);
                self.native(name, base, args.len(), dst);
            }
            ExprKind::Procedure { name, args } => {
                let base = self.call(name, args);
                self.move_to(dst, base);
            }
            ExprKind::Unary(op, operand) => self.unary(*op, operand, expr.loc, dst),
            ExprKind::Binary(op, left, right) => self.binary(expr, *op, left, right, dst),
            ExprKind::Between { operand, low, high, negated } => {
                let value = self.expr(operand);
                let low = self.expr(low);
                let inside = self.temp();
                self.at(expr.loc);
                self.emit(Ins::LessEqual { dst: inside, a: low, b: value });
                let outside = self.jump(Ins::JumpUnless { a: inside, target: 0 });
                let high = self.expr(high);
                self.at(expr.loc);
                self.emit(Ins::LessEqual { dst: inside, a: value, b: high });
                self.land([outside]);
                self.finish_boolean(inside, *negated, dst);
            }
            ExprKind::InList { needle, list, negated } => {
                let value = self.expr(needle);
                let found = self.temp();
                self.emit(Ins::LoadBool { dst: found, value: false });
                let mut hits = Vec::new();
                for item in list {
                    self.scoped(|me| {
                        let b = me.expr(item);
                        me.at(item.loc);
                        me.emit(Ins::Equal { dst: found, a: value, b });
                        hits.push(me.jump(Ins::JumpIf { a: found, target: 0 }));
                    });
                }
                self.land(hits);
                self.finish_boolean(found, *negated, dst);
            }
            ExprKind::IsNull { operand, negated } => {
                let a = self.expr(operand);
                let result = self.temp();
                self.at(expr.loc);
                self.emit(Ins::IsNull { dst: result, a });
                self.finish_boolean(result, *negated, dst);
            }
            ExprKind::Ternary { condition, yes, no } => {
                let otherwise = self.branch(condition, false);
                self.expr_to(yes, dst);
                let end = self.jump_always();
                self.land(otherwise);
                self.expr_to(no, dst);
                self.land([end]);
            }
            ExprKind::Keyword(call) => self.effect(call, dst),
            ExprKind::Hear(hear) => self.hear_value(hear, expr.loc, dst),
            ExprKind::ErrorState(part) => {
                self.at(expr.loc);
                self.emit(match part {
                    ErrorPart::Flag => Ins::ErrorFlag { dst },
                    ErrorPart::Message => Ins::ErrorMessage { dst },
                    ErrorPart::Number => Ins::ErrorNumber { dst },
                    ErrorPart::Line => Ins::ErrorLine { dst },
                });
            }
        }
    }

    /// The value of an expression that needs no script to run: a plain literal, and what folding makes of others.
    fn constant(&self, expr: &Expr) -> Option<Val> {
        let folds = self.optimize || matches!(expr.kind, ExprKind::Literal(_));
        folds.then(|| fold::constant(expr)).flatten()
    }

    fn finish_boolean(&mut self, value: Reg, negated: bool, dst: Reg) {
        if negated {
            self.emit(Ins::Not { dst, a: value });
        } else {
            self.move_to(dst, value);
        }
    }

    /// Completes a chain with `?.`: those jumps leave null.
    fn null_or(&mut self, skips: Vec<Patch>, dst: Reg) {
        if skips.is_empty() {
            return;
        }
        let end = self.jump_always();
        self.land(skips);
        self.emit(Ins::LoadNull { dst });
        self.land([end]);
    }

    pub(crate) fn load(&mut self, value: &Val, dst: Reg) {
        let ins = match value {
            Val::Bool(value) => Ins::LoadBool { dst, value: *value },
            Val::Int(value) => match i32::try_from(*value) {
                Ok(value) => Ins::LoadInt { dst, value },
                Err(_) => Ins::LoadConst { dst, index: self.tables.int(*value) },
            },
            Val::Float(value) => Ins::LoadConst { dst, index: self.tables.float(*value) },
            Val::Text(text) => Ins::LoadConst { dst, index: self.tables.text(&Arc::from(&**text)) },
            _ => Ins::LoadNull { dst },
        };
        self.emit(ins);
    }

    /// A literal list or object (an example given as such); its parts are bounded by the parser.
    fn detached(&mut self, value: &Value, dst: Reg) {
        match value {
            Value::Array(items) => {
                let list = self.temp();
                self.emit(Ins::NewArray { dst: list, first: list, count: 0 });
                for item in items {
                    self.scoped(|me| {
                        let src = me.temp();
                        me.detached(item, src);
                        me.emit(Ins::Push { list, src });
                    });
                }
                self.move_to(dst, list);
            }
            Value::Object(fields) => {
                let object = self.temp();
                let shape = self.shape(&[]);
                self.emit(Ins::NewObject { dst: object, shape, first: object });
                for (name, field) in fields {
                    let name = self.name(name);
                    self.scoped(|me| {
                        let src = me.temp();
                        me.detached(field, src);
                        me.emit(Ins::SetField { object, name, src });
                    });
                }
                self.move_to(dst, object);
            }
            Value::Bool(value) => self.load(&Val::Bool(*value), dst),
            Value::Int(value) => self.load(&Val::Int(*value), dst),
            Value::Float(value) => self.load(&Val::Float(*value), dst),
            Value::Text(text) => {
                let index = self.tables.text(text);
                self.emit(Ins::LoadConst { dst, index });
            }
            Value::Null | Value::Date(_) | Value::Rows(_) | Value::File(_) | Value::Secret(_) => {
                self.load(&Val::Null, dst);
            }
        }
    }

    fn interpolated(&mut self, parts: &[TextPart], dst: Reg) {
        let first = self.parts(parts);
        self.emit(Ins::Interpolate { dst, first, count: parts.len() as u16 });
    }

    /// The parts of a text in neighbouring registers; gives the first.
    pub(crate) fn parts(&mut self, parts: &[TextPart]) -> Reg {
        let first = self.temps(parts.len());
        for (index, part) in parts.iter().enumerate() {
            let register = first + index as Reg;
            match part {
                TextPart::Text(text) => {
                    let index = self.tables.text(text);
                    self.emit(Ins::LoadConst { dst: register, index });
                }
                TextPart::Expr(expr) => self.expr_to(expr, register),
            }
        }
        first
    }

    fn array(&mut self, items: &[Expr], dst: Reg) {
        let mut batches = items.chunks(BATCH);
        let list = if items.len() > BATCH { self.temp() } else { dst };
        self.scoped(|me| {
            let batch = batches.next().unwrap_or_default();
            let first = me.exprs(batch.iter());
            me.emit(Ins::NewArray { dst: list, first, count: batch.len() as u16 });
        });
        for batch in batches {
            self.scoped(|me| {
                let first = me.exprs(batch.iter());
                me.emit(Ins::Extend { list, first, count: batch.len() as u16 });
            });
        }
        self.move_to(dst, list);
    }

    fn object(&mut self, fields: &[(Arc<str>, Expr)], dst: Reg) {
        let (start, rest) = fields.split_at(fields.len().min(BATCH));
        let object = if rest.is_empty() { dst } else { self.temp() };
        self.scoped(|me| {
            let first = me.exprs(start.iter().map(|(_, value)| value));
            let names: Vec<_> = start.iter().map(|(name, _)| name.clone()).collect();
            let shape = me.shape(&names);
            me.emit(Ins::NewObject { dst: object, shape, first });
        });
        for (name, value) in rest {
            let name = self.name(name);
            self.scoped(|me| {
                let src = me.expr(value);
                me.emit(Ins::SetField { object, name, src });
            });
        }
        self.move_to(dst, object);
    }

    /// `a.b[c]?.d` into `dst`; the jumps of `?.` leave the whole chain.
    fn chain(&mut self, expr: &Expr, dst: Reg, skips: &mut Vec<Patch>) {
        let (base, safe) = match &expr.kind {
            ExprKind::Member { base, safe, .. } | ExprKind::Index { base, safe, .. } => (base, *safe),
            _ => return self.expr_to(expr, dst),
        };
        let object = match &base.kind {
            ExprKind::Member { .. } | ExprKind::Index { .. } => {
                let inner = self.temp();
                self.chain(base, inner, skips);
                inner
            }
            _ => self.expr(base),
        };
        if safe {
            skips.push(self.jump(Ins::JumpNull { a: object, target: 0 }));
        }
        match &expr.kind {
            ExprKind::Member { name, .. } => {
                let name = self.name(name);
                self.at(expr.loc);
                self.emit(Ins::GetField { dst, object, name });
            }
            ExprKind::Index { index, .. } => {
                let object = if matches!(base.kind, ExprKind::Variable(_)) && may_assign(index) {
                    let copy = self.temp();
                    self.move_to(copy, object);
                    copy
                } else {
                    object
                };
                let index = self.expr(index);
                self.at(expr.loc);
                self.emit(Ins::GetIndex { dst, object, index });
            }
            _ => {}
        }
    }

    fn method(&mut self, expr: &Expr, call: (&Expr, &Arc<str>, &[Expr]), safe: bool, mutating: bool, dst: Reg) {
        let (base, name, args) = call;
        if mutating && let Some(lvalue) = Self::as_lvalue(base) {
            let target = self.target(&lvalue);
            let first = self.temps(args.len() + 1);
            self.read(target, first);
            for (index, arg) in args.iter().enumerate() {
                self.expr_to(arg, first + 1 + index as Reg);
            }
            let result = self.temp();
            self.at(expr.loc);
            self.mutate(name, first, args.len() + 1, result);
            self.assign(target, result);
            return self.move_to(dst, result);
        }
        let first = self.temps(args.len() + 1);
        let mut skips = Vec::new();
        if matches!(base.kind, ExprKind::Member { .. } | ExprKind::Index { .. }) {
            self.chain(base, first, &mut skips);
        } else {
            self.expr_to(base, first);
        }
        if safe {
            skips.push(self.jump(Ins::JumpNull { a: first, target: 0 }));
        }
        for (index, arg) in args.iter().enumerate() {
            self.expr_to(arg, first + 1 + index as Reg);
        }
        self.at(expr.loc);
        self.native(name, first, args.len() + 1, dst);
        self.null_or(skips, dst);
    }

    pub(crate) fn native(&mut self, name: &Arc<str>, base: Reg, argc: usize, dst: Reg) {
        if let (Ok(argc), Some(function)) = (u8::try_from(argc), self.tables.native(name)) {
            self.emit(Ins::CallNative { argc, function, base, dst });
        } else {
            self.too_large("a function has too many arguments");
        }
    }

    pub(crate) fn mutate(&mut self, name: &Arc<str>, base: Reg, argc: usize, dst: Reg) {
        if let (Ok(argc), Some(function)) = (u8::try_from(argc), self.tables.native(name)) {
            self.emit(Ins::Mutate { argc, function, base, dst });
        } else {
            self.too_large("a function has too many arguments");
        }
    }

    /// Calls a procedure; its result is in the register given.
    pub(crate) fn call(&mut self, name: &Name, args: &[Expr]) -> Reg {
        let Some(callee) = self.procedures.get(&name.key).copied() else {
            let message = format!("there is no SUB or FUNCTION `{}`", name.text);
            self.problems.error(UNKNOWN_PROCEDURE, name.loc, message);
            return self.temp();
        };
        if args.len() > usize::from(callee.params) {
            let message = format!("`{}` takes {} arguments, not {}", name.text, callee.params, args.len());
            self.problems.error(UNKNOWN_PROCEDURE, name.loc, message);
        }
        let base = self.temps(usize::from(callee.params).max(1));
        for (index, arg) in args.iter().take(usize::from(callee.params)).enumerate() {
            self.expr_to(arg, base + index as Reg);
        }
        for index in args.len()..usize::from(callee.params) {
            self.emit(Ins::LoadNull { dst: base + index as Reg });
        }
        self.at(name.loc);
        self.emit(Ins::Call { chunk: callee.chunk, base, argc: callee.params });
        base
    }

    pub(crate) fn name(&mut self, name: &Arc<str>) -> u16 {
        self.tables.name(name).unwrap_or_else(|| {
            self.too_large("the package uses too many field names");
            0
        })
    }

    pub(crate) fn shape(&mut self, fields: &[Arc<str>]) -> u16 {
        self.tables.shape(fields).unwrap_or_else(|| {
            self.too_large("the package uses too many kinds of objects");
            0
        })
    }
}

/// Whether evaluating an expression may assign a variable of the script.
pub(crate) fn may_assign(expr: &Expr) -> bool {
    if matches!(expr.kind, ExprKind::Procedure { .. } | ExprKind::Method { mutating: true, .. }) {
        return true;
    }
    let mut found = false;
    expr.kind.each_child(&mut |child| found = found || may_assign(child));
    found
}
