//! Whether a folder lies on a file system whose changes may be made by another machine, and so make no events here.

use std::path::Path;

/// Types of file systems that pass on changes of others without telling.
const REMOTE: &[&str] =
    &["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "prl_fs", "ceph", "glusterfs", "afs"];

/// True if file events cannot be relied on. Where the system does not tell, the answer is no.
pub(super) fn is_remote(folder: &Path) -> bool {
    std::fs::read_to_string("/proc/self/mountinfo").is_ok_and(|table| is_remote_in(&table, folder))
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`: the fifth field is the mount point, the first
/// after ` - ` the type.
fn is_remote_in(table: &str, folder: &Path) -> bool {
    table
        .lines()
        .filter_map(|line| {
            let (mount, about) = line.split_once(" - ")?;
            let point = mount.split(' ').nth(4)?.replace("\\040", " ");
            folder.starts_with(&point).then(|| (point.len(), about.split(' ').next().unwrap_or_default().to_owned()))
        })
        .max_by_key(|(length, _)| *length)
        .is_some_and(|(_, kind)| REMOTE.contains(&kind.as_str()) || kind.starts_with("fuse."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_point_decides() {
        let table = "1 0 8:1 / / rw - ext4 /dev/sda rw\n\
                     2 1 0:5 / /srv rw,noatime master:1 - nfs4 host:/x rw\n\
                     3 2 0:6 / /srv/my\\040bots rw - xfs /dev/sdb rw\n\
                     4 1 0:7 / /mnt/mac rw - fuse.osxfs x rw\n";
        for (folder, remote) in [
            ("/data/bots", false),
            ("/srv/bots", true),
            ("/srv/my bots/x", false),
            ("/mnt/mac/b", true),
            ("/srvx", false),
        ] {
            assert_eq!(is_remote_in(table, Path::new(folder)), remote, "{folder}");
        }
        assert!(!is_remote_in("garbage\n - \n", Path::new("/x")));
    }
}
