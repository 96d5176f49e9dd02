//! Documents from a folder to passages that people find, on both databases.
#![cfg(test)]

mod grants;
mod indexes;
mod ingestion;
mod syncing;
mod world;
