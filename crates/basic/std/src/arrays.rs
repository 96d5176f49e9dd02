//! List functions. They give new lists; PUSH, APPEND, UNSHIFT, SORT, REVERSE and SPLICE change their
//! variable when written as statements, POP and SHIFT always take their element out of the list.

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Result, Val, ops};

use crate::{
    args::{
        ANY, arg, check_array, count, elements, field, float, int, int_or, items, list, mutating, new_array, new_like,
        new_text, plain, text,
    },
    strings,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "UBOUND",
        &[],
        "list, [dimension]",
        (1, 2),
        "The number of elements, or of those of an inner list; the last one is at UBOUND(list) - 1.",
        "UBOUND([5, 6]) > 2",
        ubound,
    ),
    plain("LBOUND", &[], "list", (1, 2), "The position of the first element, always 0.", "LBOUND([5, 6]) > 0", lbound),
    plain(
        "COUNT",
        &[],
        "list, [field]",
        (1, 2),
        "The number of elements, or of rows whose field is not null.",
        "COUNT([5, 6]) > 2",
        count_of,
    ),
    mutating(
        "PUSH",
        &["APPEND"],
        "list, values…",
        (2, ANY),
        "The list with values added at its end.",
        "PUSH([1], 2) > [1,2]",
        push,
    ),
    plain(
        "POP",
        &[],
        "list",
        (1, 1),
        "Takes the last element out of a list and gives it; null if it is empty.",
        "POP([1, 2]) > 2",
        pop,
    ),
    plain(
        "SHIFT",
        &[],
        "list",
        (1, 1),
        "Takes the first element out of a list and gives it; null if it is empty.",
        "SHIFT([1, 2]) > 1",
        shift,
    ),
    mutating(
        "UNSHIFT",
        &[],
        "list, values…",
        (2, ANY),
        "The list with values added at its start.",
        "UNSHIFT([2], 1) > [1,2]",
        unshift,
    ),
    plain(
        "SLICE",
        &[],
        "list, start, [end]",
        (2, 3),
        "Elements from a position to before another; negative ones count from the end.",
        "SLICE([1, 2, 3, 4], 1, 3) > [2,3]",
        slice,
    ),
    plain(
        "INDEX_OF",
        &["INDEXOF"],
        "list, value",
        (2, 2),
        "The position of a value from 0; -1 if it is not there.",
        "INDEX_OF([5, 6], 6) > 1",
        index_of,
    ),
    plain(
        "CONCAT",
        &[],
        "lists…",
        (1, ANY),
        "Lists one after the other; without a list, the texts of the arguments.",
        "CONCAT([1], [2, 3]) > [1,2,3]",
        concat,
    ),
    plain(
        "FLATTEN",
        &[],
        "list",
        (1, 1),
        "The list with the elements of the lists in it.",
        "FLATTEN([1, [2, 3]]) > [1,2,3]",
        flatten,
    ),
    plain(
        "RANGE",
        &[],
        "first, last, [step]",
        (2, 3),
        "The numbers from first to last, both included.",
        "RANGE(1, 7, 2) > [1,3,5,7]",
        range,
    ),
    plain("TAKE", &[], "list, count", (2, 2), "The first elements.", "TAKE([1, 2, 3], 2) > [1,2]", take),
    plain("DROP", &[], "list, count", (2, 2), "All but the first elements.", "DROP([1, 2, 3], 2) > [3]", skip),
    plain("HEAD", &[], "list", (1, 1), "The first element; null if there is none.", "HEAD([1, 2]) > 1", head),
    plain("TAIL", &[], "list", (1, 1), "All elements but the first.", "TAIL([1, 2, 3]) > [2,3]", tail),
    plain(
        "CHUNK",
        &["BATCH"],
        "list, size",
        (2, 2),
        "The list cut into lists of a size.",
        "CHUNK([1, 2, 3], 2) > [[1,2],[3]]",
        chunk,
    ),
    plain(
        "FILL",
        &[],
        "value, count | rows, template",
        (2, 2),
        "A list of a value repeated; with rows and an object, the object for each row with `{{field}}` filled in.",
        "FILL(0, 3) > [0,0,0]",
        fill,
    ),
    mutating(
        "SPLICE",
        &[],
        "list, start, [count], values…",
        (2, ANY),
        "The list without some elements, and with values in their place.",
        "SPLICE([1, 2, 3], 1, 1) > [1,3]",
        splice,
    ),
];

fn ubound(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    // Models answer lists as JSON text.
    if let Val::Text(text) = arg(args, 0)
        && let Val::Array(handle) = ops::json_view(heap, text)?
    {
        return Ok(Val::Int(heap.array(handle).len() as i64));
    }
    let mut inner = arg(args, 0).clone();
    // UBOUND(table, 2) of DIM table(3, 4): the lists in the first list.
    let dimension = if args.len() > 1 { int(args, 1)? } else { 1 };
    for _ in 1..dimension.min(256) {
        inner = match inner {
            Val::Array(handle) => heap.array(handle).first().cloned().unwrap_or_default(),
            _ => Val::Null,
        };
    }
    Ok(Val::Int(strings::length(heap, &inner)? as i64))
}

fn lbound(_: &mut Heap, _: &[Val]) -> Result<Val> {
    Ok(Val::Int(0))
}

fn count_of(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if args.len() < 2 {
        return ubound(heap, args);
    }
    let handle = list(heap, args, 0)?;
    let name = text(heap, args, 1)?;
    heap.spend(elements(heap, handle).len().saturating_mul(16))?;
    let present = |row: &&Val| !ops::is_null(heap, &field(heap, row, &name));
    Ok(Val::Int(elements(heap, handle).iter().filter(present).count() as i64))
}

fn push(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let mut extended = items(heap, args, 0)?;
    extended.extend_from_slice(args.get(1..).unwrap_or_default());
    new_like(heap, arg(args, 0), extended)
}

fn pop(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    Ok(handle.and_then(|handle| heap.array_mut(handle)?.pop()).unwrap_or_default())
}

fn shift(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    heap.note(elements(heap, handle).len());
    let items = handle.and_then(|handle| heap.array_mut(handle)).filter(|items| !items.is_empty());
    Ok(items.map(|items| items.remove(0)).unwrap_or_default())
}

fn unshift(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let mut extended = args.get(1..).unwrap_or_default().to_vec();
    extended.extend(items(heap, args, 0)?);
    new_like(heap, arg(args, 0), extended)
}

/// A position that may count from the end, inside a length.
fn position(wanted: i64, len: usize) -> usize {
    if wanted < 0 {
        len.saturating_sub(usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(wanted).unwrap_or(usize::MAX).min(len)
    }
}

fn slice(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if let (Val::Text(_), None) = (arg(args, 0), text(heap, args, 0)?.trim_start().strip_prefix('[')) {
        let whole = text(heap, args, 0)?;
        let (from, to) = bounds(args, whole.chars().count())?;
        let part: String = whole.chars().skip(from).take(to - from).collect();
        return new_text(heap, part);
    }
    let handle = list(heap, args, 0)?;
    let all = elements(heap, handle);
    let (from, to) = bounds(args, all.len())?;
    let part = all.get(from..to).unwrap_or_default().to_vec();
    new_like(heap, arg(args, 0), part)
}

fn bounds(args: &[Val], len: usize) -> Result<(usize, usize)> {
    let from = position(int(args, 1)?, len);
    let to = position(int_or(args, 2, i64::MAX)?, len);
    Ok((from, to.max(from)))
}

fn index_of(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if let Val::Text(whole) = arg(args, 0)
        && !whole.trim_start().starts_with('[')
    {
        let wanted = text(heap, args, 1)?;
        let before = whole.find(&*wanted).and_then(|at| whole.get(..at));
        return Ok(Val::Int(before.map_or(-1, |before| before.chars().count() as i64)));
    }
    let handle = list(heap, args, 0)?;
    for (index, item) in elements(heap, handle).iter().enumerate() {
        heap.spend(8)?;
        if ops::equal(heap, item, arg(args, 1))? {
            return Ok(Val::Int(index as i64));
        }
    }
    Ok(Val::Int(-1))
}

fn concat(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if !args.iter().any(|value| matches!(value, Val::Array(_) | Val::Rows(..))) {
        let mut joined = String::new();
        for value in args {
            ops::write_text(heap, value, &mut joined)?;
        }
        return new_text(heap, joined);
    }
    let mut joined = Vec::new();
    for value in args {
        match value {
            Val::Array(handle) | Val::Rows(handle, _) => joined.extend_from_slice(heap.array(*handle)),
            Val::Null => {}
            other => joined.push(other.clone()),
        }
        check_array(heap, joined.len())?;
    }
    new_array(heap, joined)
}

fn flatten(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    let mut flat = Vec::new();
    for item in elements(heap, handle) {
        match item {
            Val::Array(inner) | Val::Rows(inner, _) => flat.extend_from_slice(heap.array(*inner)),
            other => flat.push(other.clone()),
        }
        check_array(heap, flat.len())?;
    }
    new_array(heap, flat)
}

fn range(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let whole = |index: usize| matches!(arg(args, index), Val::Int(_) | Val::Null);
    let (first, last) = (float(args, 0)?, float(args, 1)?);
    let step = match arg(args, 2) {
        Val::Null => {
            if last < first {
                -1.0
            } else {
                1.0
            }
        }
        _ => float(args, 2)?,
    };
    if step == 0.0 || !step.is_finite() || !first.is_finite() || !last.is_finite() {
        return Err(BasicError::invalid("the step of RANGE must not be 0"));
    }
    // A hair of tolerance, so that RANGE(0, 1, 0.1) reaches 1.
    let steps = ((last - first) / step + 1e-9).floor();
    if steps < 0.0 {
        return new_array(heap, Vec::new());
    }
    let steps = steps as usize;
    check_array(heap, steps.saturating_add(1))?;
    let exact = whole(0) && whole(1) && whole(2);
    let numbers = (0..=steps).map(|index| {
        let value = first + step * index as f64;
        if exact { Val::Int(value as i64) } else { Val::Float(value) }
    });
    new_array(heap, numbers.collect())
}

fn take(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    let all = elements(heap, handle);
    let part = all.get(..count(args, 1)?).unwrap_or(all).to_vec();
    new_like(heap, arg(args, 0), part)
}

fn skip(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    let part = elements(heap, handle).get(count(args, 1)?..).unwrap_or_default().to_vec();
    new_like(heap, arg(args, 0), part)
}

fn head(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    Ok(elements(heap, handle).first().cloned().unwrap_or_default())
}

fn tail(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let handle = list(heap, args, 0)?;
    let part = elements(heap, handle).get(1..).unwrap_or_default().to_vec();
    new_like(heap, arg(args, 0), part)
}

fn chunk(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let size = count(args, 1)?;
    if size == 0 {
        return Err(BasicError::invalid("the size of a chunk must be 1 or more"));
    }
    let all = items(heap, args, 0)?;
    let chunks = all.chunks(size).map(|chunk| new_array(heap, chunk.to_vec())).collect::<Result<Vec<_>>>()?;
    new_array(heap, chunks)
}

fn fill(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    if let (Val::Array(_) | Val::Rows(..), Val::Object(template)) = (arg(args, 0), arg(args, 1)) {
        return crate::records::fill_rows(heap, args, *template);
    }
    let count = count(args, 1)?;
    check_array(heap, count)?;
    new_array(heap, vec![arg(args, 0).clone(); count])
}

fn splice(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let mut rest = items(heap, args, 0)?;
    let from = position(int(args, 1)?, rest.len());
    let removed = usize::try_from(int_or(args, 2, i64::MAX)?.max(0)).unwrap_or(usize::MAX);
    let to = from.saturating_add(removed).min(rest.len());
    rest.splice(from..to, args.get(3..).unwrap_or_default().iter().cloned());
    new_like(heap, arg(args, 0), rest)
}
