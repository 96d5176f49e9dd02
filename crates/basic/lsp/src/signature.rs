//! The form of the keyword, function or procedure that is being written, with the argument that comes next.

use lsp_types::{Documentation, ParameterInformation, ParameterLabel, SignatureHelp, SignatureInformation};

use crate::{
    cursor::{Cursor, Governing},
    forms::Part,
    line::Kind,
    pages,
    script::Script,
    view::View,
};

/// What is being written at the cursor.
pub(crate) fn help(cursor: &Cursor<'_>, own: &Script, view: &View) -> Option<SignatureHelp> {
    if cursor.in_block || cursor.in_comment() {
        return None;
    }
    let end = cursor.pieces.iter().take_while(|piece| piece.start < cursor.offset).count();
    let call = open_call(cursor, end);
    let keyword = cursor.governing(end);
    match (call, keyword) {
        // The innermost counts.
        (Some((name, commas)), keyword) if keyword.as_ref().is_none_or(|own| own.first <= name) => {
            function(cursor, own, view, name, commas).or_else(|| keyword.map(|keyword| keyword_help(cursor, &keyword)))
        }
        (_, keyword) => keyword.map(|keyword| keyword_help(cursor, &keyword)),
    }
}

/// The name before the innermost open bracket, and how many commas are between.
fn open_call(cursor: &Cursor<'_>, end: usize) -> Option<(usize, usize)> {
    let mut stack: Vec<(usize, usize)> = Vec::new();
    for (index, piece) in cursor.pieces.iter().enumerate().take(end) {
        if piece.kind != Kind::Symbol {
            continue;
        }
        match piece.text(cursor.text) {
            "(" | "[" | "{" => stack.push((index, 0)),
            ")" | "]" | "}" => {
                stack.pop();
            }
            "," => {
                if let Some((_, commas)) = stack.last_mut() {
                    *commas += 1;
                }
            }
            _ => {}
        }
    }
    let (open, commas) = stack.into_iter().rev().find(|(open, _)| cursor.pieces[*open].is(cursor.text, "("))?;
    let name = open.checked_sub(1)?;
    (cursor.pieces[name].kind == Kind::Word).then_some((name, commas))
}

fn function(cursor: &Cursor<'_>, own: &Script, view: &View, name: usize, commas: usize) -> Option<SignatureHelp> {
    let word = cursor.pieces[name].text(cursor.text);
    let is_method = name.checked_sub(1).is_some_and(|before| cursor.is_dot(before));
    let procedure = view.procedure(own, word).or_else(|| view.procedure(cursor.around, word));
    if let Some((_, procedure)) = procedure.filter(|_| !is_method) {
        let params: Vec<&str> = procedure.params.iter().map(|param| &*param.text).collect();
        return Some(one(pages::procedure_line(procedure), &params, commas, None));
    }
    let function = cursor.language.function(word)?;
    let params: Vec<&str> = function.params.split(',').map(str::trim).filter(|param| !param.is_empty()).collect();
    // What stands before the dot is the first argument.
    let active = commas + usize::from(is_method);
    let label = format!("{}({})", word.to_uppercase(), function.params);
    Some(one(label, &params, active, Some(function.doc.to_owned())))
}

fn one(label: String, params: &[&str], active: usize, doc: Option<String>) -> SignatureHelp {
    let parameters = params
        .iter()
        .map(|param| ParameterInformation { label: ParameterLabel::Simple((*param).to_owned()), documentation: None });
    let last = params.len().saturating_sub(1);
    let signature = SignatureInformation {
        label,
        documentation: doc.map(|doc| Documentation::MarkupContent(pages::markdown(doc))),
        parameters: Some(parameters.collect()),
        active_parameter: None,
    };
    SignatureHelp {
        signatures: vec![signature],
        active_signature: Some(0),
        active_parameter: Some(active.min(last) as u32),
    }
}

fn keyword_help(cursor: &Cursor<'_>, own: &Governing<'_>) -> SignatureHelp {
    let decl = &cursor.language.keywords[own.keyword];
    let mut active_signature = 0;
    let mut signatures = Vec::new();
    for (keyword, index) in own.forms {
        let form = &cursor.language.forms[*keyword][*index];
        if *keyword == own.keyword && *index == own.form_index {
            active_signature = signatures.len() as u32;
        }
        let arguments = form.parts.iter().zip(&form.places).filter(|(part, _)| is_argument(part));
        // Forms are plain letters, so that bytes are units of every encoding.
        let label =
            |place: &std::ops::Range<usize>| ParameterLabel::LabelOffsets([place.start as u32, place.end as u32]);
        let parameters = arguments.map(|(_, place)| ParameterInformation { label: label(place), documentation: None });
        signatures.push(SignatureInformation {
            label: form.label.clone(),
            documentation: Some(Documentation::MarkupContent(pages::markdown(decl.doc.to_string()))),
            parameters: Some(parameters.collect()),
            active_parameter: None,
        });
    }
    let active = own.form.parts.iter().take(own.walk.at).filter(|part| is_argument(part)).count();
    SignatureHelp { signatures, active_signature: Some(active_signature), active_parameter: Some(active as u32) }
}

const fn is_argument(part: &Part) -> bool {
    matches!(part, Part::Arg { .. } | Part::Choice(_))
}
