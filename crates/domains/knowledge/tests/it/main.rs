//! Documents from a folder to passages that people find, on both databases.
#![cfg(test)]

mod api;
mod grants;
mod indexes;
mod ingestion;
mod keywords;
mod syncing;
mod world;
