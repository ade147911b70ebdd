#!/usr/bin/env bash
# Installs the system packages that building and testing need, if any is missing.
# Elsewhere than on Debian and Ubuntu it only says what is needed.
set -euo pipefail

packages=(
    build-essential cmake meson nasm ninja-build pkg-config python3-venv
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
    ffmpeg libegl1 libgl1 libegl-mesa0 libgl1-mesa-dri fonts-dejavu-core
    python3-gi gir1.2-gst-rtsp-server-1.0
)

if ! command -v apt-get >/dev/null; then
    missing=()
    for tool in cc cmake meson nasm ninja pkg-config ffmpeg gst-launch-1.0; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    for module in gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-pbutils-1.0; do
        pkg-config --exists "$module" 2>/dev/null || missing+=("$module")
    done
    [ ${#missing[@]} -eq 0 ] && exit 0
    echo "missing: ${missing[*]}" >&2
    echo "This system has no apt-get. Install what these Debian packages hold: ${packages[*]}" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "These packages are missing and there is no sudo: ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
