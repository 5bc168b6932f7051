"""Where package managers of other languages get packages from, unless they are told otherwise.

Those of Python and Node are not here: what is installed on this machine is asked for them (see installed.py).
"""

from __future__ import annotations

HOSTS: dict[str, tuple[str, ...]] = {
    "cargo": ("index.crates.io", "static.crates.io", "crates.io"),
    "rustup": ("static.rust-lang.org",),
    "go": ("proxy.golang.org", "sum.golang.org"),
    "gem": ("rubygems.org", "index.rubygems.org"),
    "composer": ("repo.packagist.org", "packagist.org"),
    "maven": ("repo.maven.apache.org", "repo1.maven.org"),
    "gradle": ("plugins.gradle.org", "plugins-artifacts.gradle.org", "services.gradle.org", "downloads.gradle.org"),
    "nuget": ("api.nuget.org",),
    "hex": ("hex.pm", "repo.hex.pm", "builds.hex.pm"),
    "pub": ("pub.dev",),
    "cpan": ("cpan.metacpan.org", "fastapi.metacpan.org"),
    "hackage": ("hackage.haskell.org",),
    "opam": ("opam.ocaml.org",),
    "cran": ("cloud.r-project.org", "cran.r-project.org"),
    "conda": ("conda.anaconda.org", "repo.anaconda.com"),
    "cocoapods": ("cdn.cocoapods.org",),
    "node-gyp": ("nodejs.org",),  # the headers that native modules are compiled against
}
NAMES = frozenset(name for names in HOSTS.values() for name in names)
