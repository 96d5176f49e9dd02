//! Real documents in, text and structure out; hostile documents in, an error out and the parent unharmed.
#![cfg(test)]

mod child;
mod csv;
mod hostile;
mod html;
mod markdown;
mod pdf;
mod presentation;
mod support;
mod text;
mod word;
mod workbook;
