// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
)

const noAssertion = "NOASSERTION"

// billName is the bill of materials of a file of the release.
func billName(of string) string { return of + ".spdx.json" }

// writeBills writes a software bill of materials (SPDX 2.3) for each archive and
// for the image: what the linker itself recorded in the binaries.
func (r *release) writeBills(built []binary) error {
	var inImage []binary
	for _, b := range built {
		if err := r.writeBill(b.archiveName(r.version), []binary{b}); err != nil {
			return err
		}
		if b.os == "linux" {
			inImage = append(inImage, b)
		}
	}
	return r.writeBill(r.imageName(), inImage)
}

func (r *release) writeBill(of string, binaries []binary) error {
	bill := r.newBill(of)
	for _, b := range binaries {
		if err := r.list(bill, b); err != nil {
			return fmt.Errorf("the bill of materials of %s: %w", of, err)
		}
	}
	var buffer bytes.Buffer
	if err := spdxjson.Write(bill, &buffer, spdxjson.Indent("  ")); err != nil {
		return err
	}
	return r.write(billName(of), buffer.Bytes())
}

func (r *release) newBill(of string) *spdx.Document {
	return &spdx.Document{
		SPDXVersion:       spdx.Version,
		DataLicense:       spdx.DataLicense,
		SPDXIdentifier:    "DOCUMENT",
		DocumentName:      of,
		DocumentNamespace: homepage + "/spdx/" + r.commit + "/" + of,
		CreationInfo: &spdx.CreationInfo{
			Created:  r.when.Format("2006-01-02T15:04:05Z"),
			Creators: []common.Creator{{CreatorType: "Tool", Creator: "hack/release"}},
		},
	}
}

// list adds a binary, and each module that it was linked of.
func (r *release) list(bill *spdx.Document, b binary) error {
	info, err := buildinfo.Read(bytes.NewReader(b.content))
	if err != nil {
		return err
	}
	program := r.programPackage(b)
	bill.Packages = append(bill.Packages, program)
	relate(bill, "DOCUMENT", common.TypeRelationshipDescribe, program.PackageSPDXIdentifier)
	for _, module := range modulesOf(info) {
		linked := modulePackage(module)
		if !slices.ContainsFunc(bill.Packages, func(p *spdx.Package) bool {
			return p.PackageSPDXIdentifier == linked.PackageSPDXIdentifier
		}) {
			bill.Packages = append(bill.Packages, linked)
		}
		relate(bill, program.PackageSPDXIdentifier, common.TypeRelationshipDependsOn, linked.PackageSPDXIdentifier)
	}
	return nil
}

func relate(bill *spdx.Document, from common.ElementID, how string, to common.ElementID) {
	bill.Relationships = append(bill.Relationships, &spdx.Relationship{
		RefA: common.MakeDocElementID("", string(from)), Relationship: how, RefB: common.MakeDocElementID("", string(to)),
	})
}

func (r *release) programPackage(b binary) *spdx.Package {
	return &spdx.Package{
		PackageName:             b.file(),
		PackageSPDXIdentifier:   identifier("Program", b.base(r.version)),
		PackageVersion:          r.version,
		PackageFileName:         b.file(),
		PackageDownloadLocation: "git+" + homepage + "@" + r.commit,
		PackageChecksums:        []common.Checksum{{Algorithm: common.SHA256, Value: sum(b.content)}},
		PackageLicenseConcluded: licenseID,
		PackageLicenseDeclared:  licenseID,
		PackageCopyrightText:    "Copyright The X Operator Authors",
		PackageComment:          "Built for " + b.os + "/" + b.arch,
		PrimaryPackagePurpose:   "APPLICATION",
	}
}

// modulesOf are the modules in a binary, with the standard library in the name that
// vulnerability databases have for it.
func modulesOf(info *debug.BuildInfo) []debug.Module {
	modules := []debug.Module{{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		modules = append(modules, *module)
	}
	return modules
}

func modulePackage(module debug.Module) *spdx.Package {
	linked := &spdx.Package{
		PackageName:             module.Path,
		PackageSPDXIdentifier:   identifier("Module", module.Path+"-"+module.Version),
		PackageVersion:          module.Version,
		PackageDownloadLocation: noAssertion,
		PackageLicenseConcluded: noAssertion,
		PackageLicenseDeclared:  noAssertion,
		PackageCopyrightText:    noAssertion,
		PackageExternalReferences: []*spdx.PackageExternalReference{{
			Category: common.CategoryPackageManager,
			RefType:  common.TypePackageManagerPURL,
			Locator:  "pkg:golang/" + module.Path + "@" + strings.ReplaceAll(module.Version, "+", "%2B"),
		}},
	}
	if module.Sum != "" {
		linked.PackageSourceInfo = "go.sum: " + module.Sum
	}
	return linked
}

// notInIdentifiers is what an SPDX identifier can't hold.
var notInIdentifiers = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func identifier(kind, name string) common.ElementID {
	return common.ElementID(kind + "-" + notInIdentifiers.ReplaceAllString(name, "-"))
}

// sum is the SHA-256 of something, in hexadecimal digits.
func sum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}
