// SPDX-License-Identifier: MPL-2.0

//go:build !linux

package laraveltest

import "os/exec"

func unprivileged() (uid, gid uint32, ok bool) { return 0, 0, false }

func confine(*exec.Cmd) {}
