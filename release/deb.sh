# Sourced by release/run: Debian packages, one for each release of Debian, since each has a Python of its own.

declare -A DEBIAN_PYTHON=([bookworm]=3.11 [trixie]=3.13)
declare -A DEBIAN_NUMBER=([bookworm]=12 [trixie]=13)
declare -A DEBIAN_MACHINE=([x86_64]=amd64 [aarch64]=arm64)

build_debs() { # one for each release and each wheel
    command -v dh >/dev/null || { lacking "no Debian packages: apt-get install debhelper"; return; }
    local suite machine
    for suite in bookworm trixie; do
        for machine in "${!DEBIAN_MACHINE[@]}"; do
            [ -z "$(wheel_of "$machine")" ] || step "Debian package of $suite, $machine" build_deb "$suite" "$machine"
        done
    done
}

build_deb() { # build_deb SUITE MACHINE
    local tree=$WORK/deb-$1-$2 python=${DEBIAN_PYTHON[$1]}
    mkdir -p "$tree"
    cp -r deploy/debian "$tree/debian"
    write_debian_changelog "$1" >"$tree/debian/changelog"
    sed -i "s/@PYTHON@/python$python/; s/@MAINTAINER@/$(maintainer)/" "$tree/debian/control"
    make_environment "$tree/root/usr/lib/pktvisor" "$python" "$2"
    fill_root "$tree/root"
    add_units "$tree"
    (cd "$tree" && dpkg-buildpackage --build=binary --no-sign --host-arch "${DEBIAN_MACHINE[$2]}" --no-check-builddeps)
    mv "$WORK/pktvisor_$VERSION"*.deb "$OUT"
}

add_units() { # add_units TREE: with the files in /etc that they name; debhelper writes the scripts for both
    local unit place
    for unit in deploy/systemd/*.service; do
        cp "$unit" "$1/debian/pktvisor.${unit##*/}"
        for place in $(sed '/^#/d' "$unit" | grep -oE '/etc/[a-z/._-]+'); do
            install -D --mode=644 "$(find deploy/systemd deploy/debian -name "${place##*/}" -print -quit)" "$1/root$place"
        done
    done
}

maintainer() { # whoever builds the package answers for it
    echo "${DEBFULLNAME:-$(git config user.name)} <${DEBEMAIL:-$(git config user.email)}>"
}

write_debian_changelog() { # write_debian_changelog SUITE: what users notice is in CHANGELOG.md
    local day
    day=$(sed -n "s/^## $VERSION (\(.*\))/\1/p" CHANGELOG.md)
    cat <<END
pktvisor ($VERSION-1~deb${DEBIAN_NUMBER[$1]}) $1; urgency=medium

  * $VERSION: see CHANGELOG.md beside this file.

 -- $(maintainer)  $(LC_ALL=C date --utc --date="$day" '+%a, %d %b %Y %T +0000')
END
}

make_environment() { # make_environment FOLDER PYTHON MACHINE: a virtual environment for a Python that need not be here
    local packages=$1/lib/python$2/site-packages
    "$TOOLS/bin/uv" pip install --quiet --target "$packages" --python-version "$2" --python-platform "$3-manylinux_2_28" \
        --only-binary :all: --requirement requirements/package.txt "$(wheel_of "$3")"
    rm -rf "$packages/bin" "$packages/share" "$packages/.lock"
    mkdir "$1/bin"
    ln -s "/usr/bin/python$2" "$1/bin/python"
    printf '%s\n' "home = /usr/bin" "include-system-site-packages = false" "version = $2" >"$1/pyvenv.cfg"
}

fill_root() { # fill_root FOLDER: commands, their man pages and completion, the changelog
    local command
    mkdir -p "$1/usr/bin" "$1/usr/share/doc/pktvisor"
    sed -n 's/^\(pktvisor[a-z-]*\) = "\(.*\):main"$/\1 \2/p' pyproject.toml | while read -r command module; do
        printf '#!/usr/lib/pktvisor/bin/python -I\nimport sys\n\nfrom %s import main\n\nsys.exit(main())\n' "$module" >"$1/usr/bin/$command"
        chmod 755 "$1/usr/bin/$command"
    done
    cp -r release/data/data/share/{man,bash-completion,fish} "$1/usr/share/"
    mkdir "$1/usr/share/zsh"
    cp -r release/data/data/share/zsh/site-functions "$1/usr/share/zsh/vendor-completions"
    cp CHANGELOG.md "$1/usr/share/doc/pktvisor/"
}
