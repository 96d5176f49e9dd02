//! The BASIC keywords of this domain. Each file declares one family and turns arguments into calls of the
//! service; nothing here knows SQL.

mod aggregate;
mod arguments;
mod change;
mod facts;
mod find;
mod insert;
mod list;
mod memory;
mod merge;
mod save;
mod select;

use botserver_runtime::{Handler, Keyword, raising};

pub use arguments::actor;

use crate::DataService;

/// What DELETE and FIND do when their argument is no table: given by the rooms that know how.
pub struct Elsewhere {
    /// `DELETE "https://…"`, a write.
    pub url: Handler,
    /// `DELETE "path"` and `DELETE file`.
    pub file: Handler,
    /// `FIND "question" IN COLLECTION "policies"`, a read.
    pub collection: Handler,
}

/// All keywords over tables, CSV files and memory.
pub fn keywords(service: &DataService, elsewhere: Elsewhere) -> Vec<Keyword> {
    let Elsewhere { url, file, collection } = elsewhere;
    let all = vec![
        find::find(service.clone(), collection),
        find::get_last(service.clone()),
        save::save(service.clone()),
        insert::insert(service.clone()),
        change::update(service.clone()),
        change::set_rows(service.clone()),
        change::delete(service.clone(), url, file),
        merge::merge(service.clone()),
        merge::report(service.clone()),
        merge::reset_report(service.clone()),
        aggregate::aggregate(service.clone()),
        list::filter(),
        list::map(),
        select::select(service.clone()),
    ];
    let mut all = raising(all, &[13, 2000, 2001, 2002, 2003, 2004, 2005, 2006, 3001, 4000, 5003]);
    all.extend(raising(memory::keywords(service), &[2000, 4000]));
    all.extend(raising(facts::keywords(service), &[2000, 4000]));
    all
}
