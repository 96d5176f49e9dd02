//! Documents from a folder to passages that people find, on both databases.
#![cfg(test)]

mod grants;
mod ingestion;
mod indexes;
mod syncing;
mod world;
