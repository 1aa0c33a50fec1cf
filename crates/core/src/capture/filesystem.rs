//! Which files the process may use from now on, enforced by the kernel (Landlock, landlock(7)).

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    path_beneath_rules,
};

use crate::error::{Error, ErrorKind};

/// The newest rules that are asked for; a kernel that knows fewer enforces those.
const NEWEST: ABI = ABI::V5;

/// Restricts the calling thread, and all that it starts later, to reading the files below some paths, and to reading,
/// writing, creating and removing those below some others. Nothing can be executed. Files that are open stay usable, and paths that
/// are not there give no right. It can't be undone; asked for again, both restrictions hold.
///
/// `false` where the kernel has no Landlock.
///
/// # Errors
/// When the kernel has it and refuses.
pub fn restrict<P: AsRef<Path>>(read: &[P], write: &[P]) -> Result<bool, Error> {
    let refused = |fault: RulesetError| Error::new(ErrorKind::System, format!("restrict the use of files: {fault}"));
    enforce(read, write).map_err(refused)
}

fn enforce<P: AsRef<Path>>(read: &[P], write: &[P]) -> Result<bool, RulesetError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let writing: BitFlags<AccessFs> = AccessFs::from_all(NEWEST) & !BitFlags::from(AccessFs::Execute);
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(read, reading))?
        .add_rules(path_beneath_rules(write, writing))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::skip::skip;
    use std::fs;
    use std::io::ErrorKind::PermissionDenied;

    /// A folder with what may be read, what may be written, and the rest.
    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("pktvisor-{name}-{}", std::process::id()));
        for part in ["read", "write", "rest"] {
            fs::create_dir_all(folder.join(part)).unwrap();
            fs::write(folder.join(part).join("file"), part).unwrap();
        }
        folder
    }

    #[test]
    fn only_what_is_listed_can_be_read_and_written() {
        let folder = folder("landlock");
        let kept = folder.clone();
        let thread = std::thread::spawn(move || {
            let mut open = fs::File::open(folder.join("rest/file")).unwrap();
            let (read, write, gone) = (folder.join("read"), folder.join("write"), folder.join("gone"));
            if !restrict(&[read, gone], &[write]).unwrap() {
                return skip("the kernel has no Landlock");
            }
            let denied = |result: std::io::Result<()>| result.is_err_and(|cause| cause.kind() == PermissionDenied);
            assert_eq!(fs::read_to_string(folder.join("read/file")).unwrap(), "read");
            assert!(denied(fs::write(folder.join("read/file"), "no")));
            assert!(denied(fs::remove_file(folder.join("read/file"))));
            fs::write(folder.join("write/new"), "yes").unwrap();
            fs::remove_file(folder.join("write/file")).unwrap();
            assert!(denied(fs::read(folder.join("rest/file")).map(drop)));
            assert!(denied(fs::write(folder.join("rest/new"), "no")));
            assert!(denied(fs::create_dir(folder.join("rest/new"))));
            assert!(denied(std::process::Command::new("/bin/true").status().map(drop)));
            assert_eq!(std::io::read_to_string(&mut open).unwrap(), "rest", "what is open stays open");
            let later = std::thread::spawn(move || denied(fs::read(folder.join("rest/file")).map(drop)));
            assert!(later.join().unwrap(), "threads that are started later are restricted, too");
        });
        let ended = thread.join();
        fs::remove_dir_all(kept).unwrap();
        ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}
