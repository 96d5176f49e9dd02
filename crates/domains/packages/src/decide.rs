//! Whether a change may serve: a change that makes a serving bot worse is refused whole.

use crate::{LoadedPackage, PackageVersion};

/// What happens with a package as it lies on disk now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is what serves already.
    Unchanged,
    /// It serves from now on.
    Publish,
    /// What served goes on, or nothing does.
    Refuse,
}

/// Decides.
///
/// A package that never served starts with its sound parts. Once it serves, a change may not break a file that
/// worked or bring a new one that does not; files that were broken before may stay so, so that one old mistake does
/// not stop the repair of another. With `package-strict = true` no error is let through at all.
pub fn decide(serving: Option<&LoadedPackage>, candidate: &PackageVersion) -> Decision {
    if serving.is_some_and(|serving| serving.hash == candidate.hash && !candidate.unusable) {
        return Decision::Unchanged;
    }
    if candidate.unusable || (candidate.has_errors() && candidate.config.boolean("package-strict")) {
        return Decision::Refuse;
    }
    match serving {
        Some(serving) if !candidate.broken.is_subset(&serving.broken) => Decision::Refuse,
        _ => Decision::Publish,
    }
}
