//! What is wrong with a package's tables: the declarations are tried out, with the rows of its seed files, in a database
//! that is thrown away.

use std::sync::Arc;

use botserver_data::{Actor, DataService};
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, OrgId, Principal, RandomIds, SystemClock};
use botserver_packages::{Listed, PackageVersion};
use uuid::Uuid;

use crate::tables::{Declared, PackageFiles};

/// The findings, each with its place. In one database every trial has a number of its own.
pub(crate) async fn findings(
    db: &Db,
    org_id: OrgId,
    trial: u128,
    version: &PackageVersion,
) -> Result<Vec<Listed>, botserver_db::Error> {
    let bot_id = BotId::new(Uuid::from_u128(trial));
    let files = PackageFiles::of(bot_id, &version.seeds);
    let data = DataService::new(db.clone(), Arc::new(RandomIds), Arc::new(files));
    let principal = Principal::system(org_id);
    let actor = Actor { principal: &principal, bot_id, now: SystemClock.now(), offset_minutes: 0, max_rows: u64::MAX };
    Ok(Declared::by(version).apply(&data, actor).await?.1)
}
