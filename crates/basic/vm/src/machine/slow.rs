//! The instructions' less hot halves, as functions over the heap and the registers of one frame.

use std::{
    cmp::Ordering,
    ops::{Index, IndexMut},
    sync::Arc,
};

use botserver_basic_types::{BasicError, Heap, NativeFn, Object, Result, Text, Val, ops};

use crate::{code::Reg, image::Image};

/// Registers of a frame that is narrow: a number of six bits is always inside, so no access needs a check.
pub(super) const NARROW: usize = 64;

/// How the registers of a frame are seen: as many as every script has, or as many as there are.
pub(super) trait Window {
    /// The window of a frame with that many registers; `None` when it does not fit.
    fn of(above: &mut [Val], registers: u16) -> Option<&mut Self>;
    fn at(&self, register: Reg) -> &Val;
    fn at_mut(&mut self, register: Reg) -> &mut Val;
    fn all(&self) -> &[Val];
    fn all_mut(&mut self) -> &mut [Val];
}

impl Window for [Val; NARROW] {
    fn of(above: &mut [Val], registers: u16) -> Option<&mut Self> {
        if usize::from(registers) > NARROW { None } else { above.first_chunk_mut() }
    }

    #[inline]
    fn at(&self, register: Reg) -> &Val {
        &self[usize::from(register) % NARROW]
    }

    #[inline]
    fn at_mut(&mut self, register: Reg) -> &mut Val {
        &mut self[usize::from(register) % NARROW]
    }

    fn all(&self) -> &[Val] {
        self
    }

    fn all_mut(&mut self) -> &mut [Val] {
        self
    }
}

impl Window for [Val] {
    fn of(above: &mut [Val], registers: u16) -> Option<&mut Self> {
        above.get_mut(..usize::from(registers))
    }

    #[inline]
    fn at(&self, register: Reg) -> &Val {
        &self[usize::from(register)]
    }

    #[inline]
    fn at_mut(&mut self, register: Reg) -> &mut Val {
        &mut self[usize::from(register)]
    }

    fn all(&self) -> &[Val] {
        self
    }

    fn all_mut(&mut self) -> &mut [Val] {
        self
    }
}

/// The registers of one frame. Verified code stays inside.
pub(super) struct Registers<'a, W: ?Sized>(pub &'a mut W);

impl<W: Window + ?Sized> Index<Reg> for Registers<'_, W> {
    type Output = Val;
    #[inline]
    fn index(&self, register: Reg) -> &Val {
        self.0.at(register)
    }
}

impl<W: Window + ?Sized> IndexMut<Reg> for Registers<'_, W> {
    #[inline]
    fn index_mut(&mut self, register: Reg) -> &mut Val {
        self.0.at_mut(register)
    }
}

impl<W: Window + ?Sized> Registers<'_, W> {
    pub(super) fn range(&self, first: Reg, count: u16) -> &[Val] {
        self.0.all().get(usize::from(first)..usize::from(first) + usize::from(count)).unwrap_or_default()
    }

    pub(super) fn range_mut(&mut self, first: Reg, count: u16) -> &mut [Val] {
        self.0.all_mut().get_mut(usize::from(first)..usize::from(first) + usize::from(count)).unwrap_or_default()
    }
}

/// Makes the registers that many, the new ones null; `resize` would clone each.
pub(super) fn grow(registers: &mut Vec<Val>, len: usize) {
    let more = len.saturating_sub(registers.len());
    registers.extend(std::iter::repeat_with(|| Val::Null).take(more));
}

/// Stores a value; the old one is dropped only where there is something to drop.
#[expect(clippy::inline_always, reason = "halves of values are written in place only when this is inlined")]
#[inline(always)]
pub(super) fn put(slot: &mut Val, value: Val) {
    // These stand side by side, so one comparison knows them.
    if matches!(
        slot,
        Val::Null | Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Array(_) | Val::Object(_) | Val::Rows(..)
    ) {
        std::mem::forget(std::mem::replace(slot, value));
    } else {
        *slot = value;
    }
}

/// Makes registers null.
#[inline]
pub(super) fn clear(registers: &mut [Val]) {
    for slot in registers {
        put(slot, Val::Null);
    }
}

/// Stores a whole number; most often there was one before.
#[expect(clippy::inline_always, reason = "as for `put`")]
#[inline(always)]
pub(super) fn put_int(slot: &mut Val, value: i64) {
    if let Val::Int(own) = slot {
        *own = value;
    } else {
        put(slot, Val::Int(value));
    }
}

/// A clone whose common cases need no look at a table.
#[inline]
pub(super) fn copy(value: &Val) -> Val {
    match value {
        Val::Int(value) => Val::Int(*value),
        Val::Float(value) => Val::Float(*value),
        Val::Bool(value) => Val::Bool(*value),
        other => other.clone(),
    }
}

#[inline]
pub(super) fn truthy(heap: &Heap, value: &Val) -> bool {
    if let Val::Bool(value) = value { *value } else { ops::truthy(heap, value) }
}

/// Null for `?.`, `??` and the creation of containers: also a recordset without rows, not empty text.
#[inline]
pub(super) fn is_nothing(heap: &Heap, value: &Val) -> bool {
    match value {
        Val::Null => true,
        Val::Rows(handle, _) => heap.array(*handle).is_empty(),
        _ => false,
    }
}

#[inline]
pub(super) fn equal(heap: &Heap, a: &Val, b: &Val) -> Result<bool> {
    if let (Val::Int(a), Val::Int(b)) = (a, b) { Ok(a == b) } else { ops::equal(heap, a, b) }
}

#[inline]
pub(super) fn less(heap: &Heap, a: &Val, b: &Val) -> Result<bool> {
    match (a, b) {
        (Val::Int(a), Val::Int(b)) => Ok(a < b),
        (Val::Float(a), Val::Float(b)) => Ok(a < b),
        _ => Ok(ops::compare(heap, a, b)?.is_some_and(Ordering::is_lt)),
    }
}

#[inline]
pub(super) fn less_equal(heap: &Heap, a: &Val, b: &Val) -> Result<bool> {
    match (a, b) {
        (Val::Int(a), Val::Int(b)) => Ok(a <= b),
        (Val::Float(a), Val::Float(b)) => Ok(a <= b),
        _ => Ok(ops::compare(heap, a, b)?.is_some_and(Ordering::is_le)),
    }
}

#[cold]
pub(super) fn order(heap: &Heap, a: &Val, value: i16) -> Result<Option<Ordering>> {
    ops::compare(heap, a, &Val::Int(i64::from(value)))
}

pub(super) fn like(heap: &Heap, a: &Val, b: &Val, ignore_case: bool) -> Result<bool> {
    ops::like(heap, &ops::text_of(heap, a)?, &ops::text_of(heap, b)?, ignore_case)
}

/// `r[dst] = r[a] + r[b]`; in place when a text is added to itself and something.
#[inline(never)]
pub(super) fn add<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &mut Registers<'_, W>,
    dst: Reg,
    a: Reg,
    b: Reg,
) -> Result<()> {
    if dst == a && b != dst && matches!(r[a], Val::Text(_)) {
        let mut value = std::mem::take(&mut r[dst]);
        let result = append_text(heap, &mut value, &r[b]);
        r[dst] = value;
        return result;
    }
    r[dst] = ops::add(heap, &r[a], &r[b])?;
    Ok(())
}

#[inline(never)]
pub(super) fn concat<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &mut Registers<'_, W>,
    dst: Reg,
    a: Reg,
    b: Reg,
) -> Result<()> {
    if dst == a && b != dst && matches!(r[a], Val::Text(_)) {
        return add(heap, r, dst, a, b);
    }
    r[dst] = ops::concat(heap, &r[a], &r[b])?;
    Ok(())
}

/// Appends the printed form of `more`; nothing changes when that fails.
fn append_text(heap: &mut Heap, value: &mut Val, more: &Val) -> Result<()> {
    let more = ops::text_of(heap, more)?.into_owned();
    append_str(heap, value, &more)
}

fn append_str(heap: &mut Heap, value: &mut Val, more: &str) -> Result<()> {
    let Val::Text(text) = value else { return Ok(()) };
    let len = text.len() + more.len();
    if len > heap.limits.text_len {
        return Err(BasicError::limit(format!("a text may have at most {} MiB", heap.limits.text_len >> 20)));
    }
    // A text that somebody else holds is copied first.
    let copied = if Arc::strong_count(&text.0) == 1 { 0 } else { text.len() };
    heap.charge(copied + more.len())?;
    text.push_str(more);
    Ok(())
}

/// `value = value + items[0] + …`, all or nothing.
#[inline(never)]
pub(super) fn append(heap: &mut Heap, value: &mut Val, items: &[Val]) -> Result<()> {
    if !matches!(value, Val::Text(_)) {
        let mut sum = value.clone();
        for item in items {
            sum = ops::add(heap, &sum, item)?;
        }
        *value = sum;
        return Ok(());
    }
    if let [Val::Text(one)] = items {
        return append_str(heap, value, one);
    }
    let mut more = String::new();
    for item in items {
        ops::write_text(heap, item, &mut more)?;
    }
    append_str(heap, value, &more)
}

#[inline(never)]
pub(super) fn interpolate(heap: &mut Heap, parts: &[Val]) -> Result<Val> {
    // A number takes twenty characters at most.
    let room = |part: &Val| if let Val::Text(text) = part { text.len() } else { 20 };
    let room = parts.iter().map(room).sum::<usize>().min(heap.limits.text_len);
    let mut out = String::with_capacity(room);
    for part in parts {
        ops::write_text(heap, part, &mut out)?;
    }
    heap.charge(out.len())?;
    Ok(Val::Text(Text::new(out)))
}

/// Makes the loop's numbers numbers; false when there is no round at all.
#[inline(never)]
pub(super) fn for_prepare<W: Window + ?Sized>(r: &mut Registers<'_, W>, var: Reg, state: Reg) -> Result<bool> {
    let first = ops::to_number(&r[var])?;
    let limit = ops::to_number(&r[state])?;
    let step = ops::to_number(&r[state + 1])?;
    if step.as_f64() == 0.0 {
        return Err(BasicError::new(5, "STEP must not be 0"));
    }
    r[var] = first.into();
    r[state] = limit.into();
    r[state + 1] = step.into();
    r[state + 2] = Val::Int(1);
    Ok(within(&r[var], &r[state], step.as_f64()))
}

/// Advances a loop whose numbers are not all whole.
#[inline(never)]
pub(super) fn for_advance<W: Window + ?Sized>(r: &mut Registers<'_, W>, var: Reg, state: Reg) -> Result<bool> {
    let step = ops::to_number(&r[state + 1])?;
    // The body may have put a text into the variable: then it must spell a number.
    let value = ops::to_number(&r[var])?;
    r[var] = match (value, step) {
        (ops::Number::Int(value), ops::Number::Int(step)) => match value.checked_add(step) {
            Some(next) => Val::Int(next),
            // No limit lies beyond the last whole number.
            None => return Ok(false),
        },
        _ => match value.as_f64() + step.as_f64() {
            next if next.is_finite() => Val::Float(next),
            // Nor beyond the largest number.
            _ => return Ok(false),
        },
    };
    Ok(within(&r[var], &r[state], step.as_f64()))
}

fn within(value: &Val, limit: &Val, step: f64) -> bool {
    let (Ok(value), Ok(limit)) = (ops::to_number(value), ops::to_number(limit)) else { return false };
    match (value, limit) {
        (ops::Number::Int(value), ops::Number::Int(limit)) => {
            if step > 0.0 {
                value <= limit
            } else {
                value >= limit
            }
        }
        _ => {
            if step > 0.0 {
                value.as_f64() <= limit.as_f64()
            } else {
                value.as_f64() >= limit.as_f64()
            }
        }
    }
}

#[inline(never)]
pub(super) fn each_prepare<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &mut Registers<'_, W>,
    state: Reg,
    src: Reg,
) -> Result<()> {
    let source = r[src].clone();
    let (collection, len) = match ops::iterable(heap, &source)? {
        ops::Iterable::Empty => (Val::Null, 0),
        ops::Iterable::Elements(handle) => (Val::Array(handle), heap.array(handle).len()),
        ops::Iterable::Fields(handle) => (Val::Object(handle), heap.object(handle).map_or(0, Object::len)),
    };
    r[state] = collection;
    r[state + 1] = Val::Int(0);
    r[state + 2] = Val::Int(len as i64);
    Ok(())
}

/// The next position and element, unless the walk is over (or the collection has shrunk below it).
#[inline]
pub(super) fn each_next<W: Window + ?Sized>(heap: &Heap, r: &Registers<'_, W>, state: Reg) -> Option<(i64, Val)> {
    let (Val::Int(position), Val::Int(len)) = (&r[state + 1], &r[state + 2]) else { return None };
    if position >= len {
        return None;
    }
    let index = usize::try_from(*position).ok()?;
    let value = match &r[state] {
        Val::Array(handle) => copy(heap.array(*handle).get(index)?),
        Val::Object(handle) => copy(heap.object(*handle)?.get_index(index)?.1),
        _ => return None,
    };
    Some((*position, value))
}

#[cold]
pub(super) fn missing_native(image: &Image, function: u16) -> BasicError {
    let name = image.body.natives.get(usize::from(function)).map_or("?", |name| &**name);
    BasicError::new(9404, format!("the function {name} is not part of this build"))
}

/// A mutating function: its new list becomes the content of the old one.
#[inline(never)]
pub(super) fn mutate(heap: &mut Heap, run: NativeFn, args: &[Val]) -> Result<Val> {
    let result = run(heap, args)?;
    if let (Some(old @ (Val::Array(own) | Val::Rows(own, _))), Val::Array(new)) = (args.first(), &result)
        && own != new
    {
        let items = heap.array(*new).to_vec();
        heap.note(items.len().saturating_mul(2));
        if let Some(list) = heap.array_mut(*own) {
            *list = items;
        }
        return Ok(old.clone());
    }
    Ok(result)
}

#[inline(never)]
pub(super) fn push<W: Window + ?Sized>(heap: &mut Heap, r: &mut Registers<'_, W>, list: Reg, src: Reg) -> Result<()> {
    let item = r[src].clone();
    match &r[list] {
        Val::Array(handle) | Val::Rows(handle, _) => heap.push(*handle, item),
        Val::Null => {
            r[list] = Val::Array(heap.new_array(vec![item])?);
            Ok(())
        }
        other => Err(BasicError::type_mismatch(format!("PUSH needs a list, not a {}", ops::type_name(other)))),
    }
}

#[inline(never)]
pub(super) fn extend<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &Registers<'_, W>,
    list: Reg,
    first: Reg,
    count: u16,
) -> Result<()> {
    let Val::Array(handle) = &r[list] else { return Ok(()) };
    let limit = heap.limits.array_len;
    if heap.array(*handle).len() + usize::from(count) > limit {
        return Err(BasicError::limit(format!("an array may hold at most {limit} elements")));
    }
    heap.charge(usize::from(count) * size_of::<Val>())?;
    if let Some(items) = heap.array_mut(*handle) {
        items.extend_from_slice(r.range(first, count));
    }
    Ok(())
}

#[inline(never)]
pub(super) fn new_object<W: Window + ?Sized>(
    heap: &mut Heap,
    image: &Image,
    r: &Registers<'_, W>,
    shape: u16,
    first: Reg,
) -> Result<Val> {
    let fields = image.body.shapes.get(usize::from(shape)).map(Vec::as_slice).unwrap_or_default();
    // A field that is named twice makes fewer fields than values.
    if let Some(empty) = image.shapes.get(usize::from(shape)).filter(|empty| empty.len() == fields.len()) {
        let mut object = empty.clone();
        for (slot, value) in object.values_mut().zip(r.range(first, fields.len() as u16)) {
            put(slot, copy(value));
        }
        return heap.new_object(object).map(Val::Object);
    }
    let mut object = Object::with_capacity_and_hasher(fields.len(), foldhash::fast::RandomState::default());
    for (name, value) in fields.iter().zip(r.range(first, fields.len() as u16)) {
        if let Some(name) = image.body.names.get(usize::from(*name)) {
            object.insert(name.clone(), value.clone());
        }
    }
    heap.new_object(object).map(Val::Object)
}

#[inline(never)]
pub(super) fn new_for(heap: &mut Heap, index: &Val) -> Result<Val> {
    if matches!(index, Val::Int(_) | Val::Float(_)) {
        return heap.new_array(Vec::new()).map(Val::Array);
    }
    heap.new_object(Object::default()).map(Val::Object)
}

#[inline(never)]
pub(super) fn get_field(heap: &mut Heap, hints: &mut [u32], object: &Val, name: u16, field: &Arc<str>) -> Result<Val> {
    if let Val::Object(handle) = object
        && let Some(index) = ops::index_of(heap, *handle, field)
        && let Some(hint) = hints.get_mut(usize::from(name))
        && let Some((_, value)) = heap.object(*handle).and_then(|fields| fields.get_index(index))
    {
        *hint = index as u32;
        return Ok(value.clone());
    }
    ops::member_get(heap, object, field)
}

#[inline(never)]
pub(super) fn set_field<W: Window + ?Sized>(
    heap: &mut Heap,
    hints: &mut [u32],
    r: &mut Registers<'_, W>,
    object: Reg,
    (name, field): (u16, &Arc<str>),
    src: Reg,
) -> Result<()> {
    if is_nothing(heap, &r[object]) {
        // `o.x = 1` makes the object.
        r[object] = Val::Object(heap.new_object(Object::default())?);
    }
    ops::member_set(heap, &r[object], field, r[src].clone())?;
    if let Val::Object(handle) = &r[object]
        && let Some(index) = ops::index_of(heap, *handle, field)
        && let Some(hint) = hints.get_mut(usize::from(name))
    {
        *hint = index as u32;
    }
    Ok(())
}

#[inline(never)]
pub(super) fn set_index<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &mut Registers<'_, W>,
    object: Reg,
    index: Reg,
    src: Reg,
) -> Result<()> {
    if is_nothing(heap, &r[object]) {
        r[object] = new_for(heap, &r[index])?;
    }
    ops::index_set(heap, &r[object], &r[index], r[src].clone())
}

/// `DIM a(n, m)`: nested lists of null; `REDIM` keeps the elements that fit.
#[inline(never)]
pub(super) fn dim<W: Window + ?Sized>(
    heap: &mut Heap,
    r: &Registers<'_, W>,
    dst: Reg,
    (first, count): (Reg, u8),
    redim: bool,
) -> Result<Val> {
    let mut sizes = Vec::with_capacity(usize::from(count));
    let mut total = 1usize;
    for size in r.range(first, u16::from(count)) {
        let upper = ops::to_integer(size)?;
        let len = usize::try_from(upper.saturating_add(1))
            .map_err(|_| BasicError::new(9, format!("DIM cannot have {upper} as its highest index")))?;
        total = total.saturating_mul(len.max(1));
        if total > heap.limits.array_len {
            let limit = heap.limits.array_len;
            return Err(BasicError::limit(format!("an array may hold at most {limit} elements")));
        }
        sizes.push(len);
    }
    let old: Vec<Val> = match &r[dst] {
        Val::Array(handle) if redim => heap.array(*handle).to_vec(),
        _ => Vec::new(),
    };
    match sizes.split_first() {
        None => heap.new_array(old).map(Val::Array),
        Some((len, inner)) => {
            let mut items = old;
            items.truncate(*len);
            while items.len() < *len {
                items.push(nested(heap, inner)?);
            }
            heap.new_array(items).map(Val::Array)
        }
    }
}

/// As many levels as DIM has sizes: at most 255.
fn nested(heap: &mut Heap, sizes: &[usize]) -> Result<Val> {
    let Some((len, inner)) = sizes.split_first() else { return Ok(Val::Null) };
    let mut items = Vec::with_capacity(*len);
    for _ in 0..*len {
        items.push(nested(heap, inner)?);
    }
    heap.new_array(items).map(Val::Array)
}
