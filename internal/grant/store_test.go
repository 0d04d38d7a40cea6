// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/secret"
)

// newStore is a store on an API server that is empty.
func newStore() (*grant.Store, client.Client) {
	api := fake.NewClientBuilder().Build()
	return &grant.Store{Client: api, Live: api, Namespace: "grants", ClusterID: "cluster"}, api
}

// fill sets every exported field, however deep, so that one that the codec forgets
// is missed. The store's own part is left alone.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case secret.Token:
		v.Set(reflect.ValueOf(secret.New("secret <&> value")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(moment))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	}
}

// sameGrant compares what is exported.
func sameGrant(a, b *grant.Grant) bool {
	left, right := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range left.NumField() {
		if left.Type().Field(i).IsExported() && !reflect.DeepEqual(left.Field(i).Interface(), right.Field(i).Interface()) {
			return false
		}
	}
	return true
}

func TestRoundTrip(t *testing.T) {
	full := &grant.Grant{}
	fill(reflect.ValueOf(full).Elem())
	for name, want := range map[string]*grant.Grant{
		"a placeholder":   {Owner: grant.Owner{Namespace: "team", Name: "news", UID: "uid"}, ClusterID: "cluster"},
		"in every detail": full,
	} {
		store, _ := newStore()
		created, err := store.Create(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		read, err := store.GetLive(t.Context(), want.Owner.UID)
		if err != nil {
			t.Fatal(err)
		}
		if !sameGrant(created, want) || !sameGrant(read, want) {
			t.Errorf("%s: created %+v and read %+v, want %+v", name, created, read, want)
		}
	}
}

// Everything that an update empties goes from the Secret, and nothing else does.
func TestUpdatePatchesWhatChanged(t *testing.T) {
	store, api := newStore()
	full := &grant.Grant{}
	fill(reflect.ValueOf(full).Elem())
	g := create(t, store, full)
	stored := secretOf(t, api, g)
	stored.Data["tomorrow"], stored.Annotations["note"] = []byte("kept"), "kept"
	if err := api.Update(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	g, err := store.GetLive(t.Context(), g.Owner.UID)
	if err != nil {
		t.Fatal(err)
	}
	after, err := store.Update(t.Context(), g, func(g *grant.Grant) {
		g.Tokens, g.Candidate, g.Retired, g.Superseded = nil, nil, nil, nil
		g.Revoking, g.Refused, g.Tombstone = nil, nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.Tokens == nil || after.Tokens != nil || after.Version() == g.Version() {
		t.Error("the grant that was given was altered, or the one that came back was not")
	}
	stored = secretOf(t, api, g)
	keys := slices.Sorted(maps.Keys(stored.Data))
	want := []string{"account", "cluster", "consent", "journal", "rotation", "schema", "tomorrow"}
	if !slices.Equal(keys, want) || stored.Annotations["note"] != "kept" {
		t.Errorf("the Secret holds %q and %q, want %q and the note", keys, stored.Annotations, want)
	}
}

// alter changes every exported field in place, however deep; what was asked for is
// replaced.
func alter(v reflect.Value) {
	switch v.Interface().(type) {
	case secret.Token:
		v.Set(reflect.ValueOf(secret.New("another value")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(moment.Add(time.Hour)))
		return
	case []string:
		v.Set(reflect.ValueOf([]string{"other"}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("other")
	case reflect.Bool:
		v.SetBool(false)
	case reflect.Int, reflect.Int64:
		v.SetInt(8)
	case reflect.Pointer:
		alter(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			alter(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && field.Name != "Owner" {
				alter(v.Field(i))
			}
		}
	}
}

// A change gets a grant of its own, and what comes back is what is stored.
func TestUpdateAltersNoOther(t *testing.T) {
	store, _ := newStore()
	full, want := &grant.Grant{}, &grant.Grant{}
	fill(reflect.ValueOf(full).Elem())
	fill(reflect.ValueOf(want).Elem())
	alter(reflect.ValueOf(want).Elem())
	g := create(t, store, full)
	after, err := store.Update(t.Context(), g, func(g *grant.Grant) { alter(reflect.ValueOf(g).Elem()) })
	if err != nil {
		t.Fatal(err)
	}
	read, err := store.GetLive(t.Context(), full.Owner.UID)
	if err != nil {
		t.Fatal(err)
	}
	if !sameGrant(g, full) {
		t.Errorf("the grant that was given is %+v now, want %+v", g, full)
	}
	if !sameGrant(after, want) || !sameGrant(read, want) {
		t.Errorf("%+v came back and %+v is stored, want %+v", after, read, want)
	}
}

func create(t *testing.T, store *grant.Store, g *grant.Grant) *grant.Grant {
	t.Helper()
	created, err := store.Create(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func secretOf(t *testing.T, api client.Client, g *grant.Grant) *corev1.Secret {
	t.Helper()
	stored := &corev1.Secret{}
	key := types.NamespacedName{Namespace: "grants", Name: grant.SecretName(g.Owner.UID)}
	if err := api.Get(t.Context(), key, stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestUpdateThatAltersNothingWritesNothing(t *testing.T) {
	store, api := newStore()
	g := create(t, store, working())
	if _, err := store.Update(t.Context(), g, func(*grant.Grant) {}); err != nil {
		t.Fatal(err)
	}
	if got := secretOf(t, api, g).ResourceVersion; got != g.Version() {
		t.Errorf("the version moved from %s to %s", g.Version(), got)
	}
}

func TestWritesUnderTheVersionRead(t *testing.T) {
	store, _ := newStore()
	g := create(t, store, working())
	if _, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation = 1 }); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation = 2 }); !errors.Is(err, grant.ErrConflict) {
		t.Errorf("an update of an old version: %v, want a conflict", err)
	}
	if err := store.Delete(t.Context(), g); !errors.Is(err, grant.ErrConflict) {
		t.Errorf("deleting an old version: %v, want a conflict", err)
	}
	if _, err := store.Create(t.Context(), working()); !errors.Is(err, grant.ErrConflict) {
		t.Errorf("creating it again: %v, want a conflict", err)
	}
	read, err := store.GetLive(t.Context(), g.Owner.UID)
	if err != nil || read.Rotation != 1 {
		t.Fatalf("stored is rotation %d (%v), want 1", read.Rotation, err)
	}
	if err := errors.Join(store.Delete(t.Context(), read), store.Delete(t.Context(), read)); err != nil {
		t.Errorf("deleting it, twice: %v", err)
	}
	if _, err := store.GetLive(t.Context(), g.Owner.UID); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("reading what is gone: %v, want not found", err)
	}
}

// What a newer version wrote is read and not changed; neither is what has no
// readable version.
func TestNewerSchemaIsReadOnly(t *testing.T) {
	for _, schema := range []string{"2", "", "x"} {
		store, api := newStore()
		stored := secretOf(t, api, create(t, store, working()))
		stored.Data["schema"] = []byte(schema)
		if err := api.Update(t.Context(), stored); err != nil {
			t.Fatal(err)
		}
		g, err := store.GetLive(t.Context(), tenMinutesUID)
		if err != nil || g.Account.UserID != "7" {
			t.Fatalf("schema %q: reading it: %v", schema, err)
		}
		_, err = store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation++ })
		if !errors.Is(err, grant.ErrNewerSchema) {
			t.Errorf("schema %q: changing it: %v, want ErrNewerSchema", schema, err)
		}
	}
}

// A write of this process is seen before the cache has it.
func TestGetSeesItsOwnWrites(t *testing.T) {
	store, api := newStore()
	lagging := fake.NewClientBuilder().Build()
	g := create(t, store, working())
	old := secretOf(t, api, g)
	old.ResourceVersion = ""
	if err := lagging.Create(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	written, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Rotation = 5 })
	if err != nil {
		t.Fatal(err)
	}
	store.Client = lagging
	if read, err := store.Get(t.Context(), tenMinutesUID); err != nil || read.Rotation != 5 || read.Version() != written.Version() {
		t.Errorf("read is %+v (%v), want what was written", read, err)
	}
	store.Client = api
	if read, err := store.Get(t.Context(), tenMinutesUID); err != nil || read.Rotation != 5 {
		t.Errorf("read is %+v (%v), want what is stored", read, err)
	}
}

func TestFromSecretQuotesNothing(t *testing.T) {
	for _, key := range []string{
		"rotation", "tokens", "account", "journal", "consent", "candidate", "retired", "revoking", "refused", "tombstone",
	} {
		for _, content := range []string{`{"accessToken": s3cret}`, `"s3cret"`, `s3cret`, `{"accessToken":"s3cret"`} {
			stored := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: "grants", Name: "grant-uid"},
				Data:       map[string][]byte{key: []byte(content)},
			}
			_, err := grant.FromSecret(stored)
			want := `the grant can't be read: the key "` + key + `" of the Secret grants/grant-uid does not hold the expected JSON`
			if !errors.Is(err, grant.ErrUnreadable) || err.Error() != want {
				t.Errorf("%s: %v, want %s", key, err, want)
			}
		}
	}
}

// Whatever a Secret holds, it is decoded or reported, and what was decoded can be
// written again and read as the same.
func FuzzFromSecret(f *testing.F) {
	f.Add("tokens", []byte(`{"accessToken":"a","expiresAt":"2030-01-01T00:00:00Z"}`))
	f.Add("journal", []byte(`{"Attempt":{"ID":"a"},"Verdict":null}`))
	f.Add("consent", []byte(`{"claims":[{"Nonce":"n"}],"outcome":{}}`))
	f.Add("retired", []byte(`[{},{}]`))
	f.Add("rotation", []byte(`-1`))
	f.Fuzz(func(t *testing.T, key string, content []byte) {
		stored := &corev1.Secret{Data: map[string][]byte{key: content}}
		g, err := grant.FromSecret(stored)
		if err != nil {
			if len(content) > 40 && strings.Contains(err.Error(), string(content)) {
				t.Errorf("the error quotes the content: %v", err)
			}
			return
		}
		g.Owner = grant.Owner{Namespace: "team", Name: "news", UID: "uid"}
		first, _ := newStore()
		written, err := first.Create(t.Context(), g)
		if err != nil {
			// A time of another era is read and can't be written.
			return
		}
		// What we write ourselves has one form only: an empty list is none.
		second, _ := newStore()
		if again := create(t, second, written); !sameGrant(again, written) {
			t.Errorf("written again it is %+v, want %+v", again, written)
		}
	})
}
