//! Ports in memory, for tests of crates that may not see an adapter.

use std::{collections::BTreeMap, ops::Bound};

use async_trait::async_trait;
use botserver_kernel::{Permission, Principal};
use botserver_ports::{
    Authorizer, ByteStream, Denied, ObjectError, ObjectInfo, ObjectStore, Resource, check_object_key,
    check_object_prefix,
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;

/// Objects in a map.
#[derive(Debug, Default)]
pub struct MemoryObjects(Mutex<BTreeMap<String, Bytes>>);

async fn collect(mut body: ByteStream, limit: u64) -> Result<Bytes, ObjectError> {
    let mut whole = BytesMut::new();
    while let Some(part) = body.next().await {
        whole.extend_from_slice(&part?);
        if whole.len() as u64 > limit {
            return Err(ObjectError::TooLarge { limit });
        }
    }
    Ok(whole.freeze())
}

#[async_trait]
impl ObjectStore for MemoryObjects {
    async fn put(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError> {
        check_object_key(key)?;
        let body = collect(body, limit).await?;
        let size = body.len() as u64;
        self.0.lock().insert(key.to_owned(), body);
        Ok(size)
    }

    async fn put_new(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError> {
        check_object_key(key)?;
        let body = collect(body, limit).await?;
        let size = body.len() as u64;
        let mut objects = self.0.lock();
        if objects.contains_key(key) {
            return Err(ObjectError::Exists(key.to_owned()));
        }
        objects.insert(key.to_owned(), body);
        Ok(size)
    }

    async fn get(&self, key: &str, offset: u64) -> Result<ByteStream, ObjectError> {
        check_object_key(key)?;
        let whole = self.0.lock().get(key).cloned().ok_or_else(|| ObjectError::NotFound(key.to_owned()))?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len());
        Ok(stream::iter([Ok(whole.slice(from..))]).boxed())
    }

    async fn info(&self, key: &str) -> Result<Option<ObjectInfo>, ObjectError> {
        check_object_key(key)?;
        let objects = self.0.lock();
        Ok(objects.get(key).map(|body| ObjectInfo { key: key.to_owned(), size: body.len() as u64 }))
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        check_object_key(key)?;
        self.0.lock().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<ObjectInfo>, ObjectError> {
        check_object_prefix(prefix)?;
        let from = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let objects = self.0.lock();
        let found = objects.range::<str, _>((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        Ok(found.take(limit).map(|(key, body)| ObjectInfo { key: key.clone(), size: body.len() as u64 }).collect())
    }

    async fn check(&self) -> Result<(), ObjectError> {
        Ok(())
    }
}

/// Permits everything: for tests of what comes after the question. Tests of the question use `auth`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenDoor;

#[async_trait]
impl Authorizer for OpenDoor {
    async fn authorize(&self, _: &Principal, _: &Permission, _: &Resource) -> Result<(), Denied> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn the_object_fake_keeps_the_contract() -> anyhow::Result<()> {
        crate::contract::objects(async || Ok(Arc::new(MemoryObjects::default()) as Arc<dyn ObjectStore>)).await
    }
}
