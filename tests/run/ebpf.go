// SPDX-License-Identifier: BSD-2-Clause

// ebpf DIR [OBJECT]: maps by the library that most Go programs of bpf(2) use.
// DIR is a bpffs, OBJECT is object.bpf.c compiled.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"sync"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/cilium/ebpf/rlimit"
)

const (
	entries    = 64
	rdonlyProg = 1 << 7
	noPrealloc = 1 << 0
)

var failures int

// result says what was got as well, for another kernel's run to be compared.
func result(ok bool, name string, got, want interface{}) {
	if ok {
		fmt.Printf("ok - %s: %v\n", name, got)
		return
	}
	fmt.Printf("not ok - %s: %v\n# want %v\n", name, got, want)
	failures++
}

func is(name string, got, want interface{}) {
	result(reflect.DeepEqual(got, want), name, got, want)
}

// isErr: the library wraps what it returns.
func isErr(name string, got, want error) {
	result(errors.Is(got, want), name, got, want)
}

func newMap(typ ebpf.MapType, key, flags uint32) *ebpf.Map {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Name: "go", Type: typ, KeySize: key,
		ValueSize: 8, MaxEntries: entries, Flags: flags})
	isErr(fmt.Sprint("create ", typ), err, nil)
	if err != nil {
		os.Exit(1)
	}
	return m
}

func holds(name string, m *ebpf.Map, key uint32, want uint64) {
	var value uint64

	isErr(name+": lookup", m.Lookup(key, &value), nil)
	is(name+": value", value, want)
}

// keysOf are what an iteration finds, in order.
func keysOf(name string, m *ebpf.Map) []uint32 {
	var keys []uint32
	var key uint32
	var value uint64

	it := m.Iterate()
	for it.Next(&key, &value) {
		keys = append(keys, key)
	}
	isErr(name+": iterate", it.Err(), nil)
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}

func checkProbes() {
	isErr("memlock", rlimit.RemoveMemlock(), nil)
	for _, typ := range []ebpf.MapType{ebpf.Hash, ebpf.Array,
		ebpf.PerCPUHash, ebpf.PerCPUArray, ebpf.LRUHash,
		ebpf.LRUCPUHash, ebpf.LPMTrie, ebpf.Queue, ebpf.Stack,
		ebpf.RingBuf} {
		isErr(fmt.Sprint("have ", typ), features.HaveMapType(typ), nil)
	}
}

func checkArray() {
	m := newMap(ebpf.Array, 4, 0)
	defer m.Close()
	isErr("array: put", m.Put(uint32(3), uint64(30)), nil)
	holds("array", m, 3, 30)
	holds("array, never put", m, 4, 0)
	isErr("array: beyond", m.Put(uint32(entries), uint64(1)), syscall.E2BIG)
	isErr("array: no such", m.Lookup(uint32(entries), new(uint64)),
		ebpf.ErrKeyNotExist)
	isErr("array: delete", m.Delete(uint32(3)), syscall.EINVAL)
	isErr("array: noexist", m.Update(uint32(3), uint64(1),
		ebpf.UpdateNoExist), ebpf.ErrKeyExist)
	is("array: keys", len(keysOf("array", m)), entries)
}

func checkHash() {
	var value uint64

	m := newMap(ebpf.Hash, 4, noPrealloc)
	defer m.Close()
	isErr("hash: exist", m.Update(uint32(1), uint64(10), ebpf.UpdateExist),
		ebpf.ErrKeyNotExist)
	isErr("hash: noexist", m.Update(uint32(1), uint64(10),
		ebpf.UpdateNoExist), nil)
	isErr("hash: noexist again", m.Update(uint32(1), uint64(11),
		ebpf.UpdateNoExist), ebpf.ErrKeyExist)
	isErr("hash: a wrong flag", m.Update(uint32(1), uint64(11), 64),
		syscall.EINVAL)
	holds("hash", m, 1, 10)
	other, err := m.Clone()
	isErr("hash: clone", err, nil)
	isErr("hash: put by it", other.Put(uint32(2), uint64(20)), nil)
	other.Close()
	is("hash: keys", keysOf("hash", m), []uint32{1, 2})
	isErr("hash: take", m.LookupAndDelete(uint32(2), &value), nil)
	is("hash: taken", value, uint64(20))
	isErr("hash: no next key", m.NextKey(uint32(1), new(uint32)),
		ebpf.ErrKeyNotExist)
	isErr("hash: delete", m.Delete(uint32(1)), nil)
	isErr("hash: delete again", m.Delete(uint32(1)), ebpf.ErrKeyNotExist)
	is("hash: none is left", len(keysOf("hash", m)), 0)
}

// batch calls a method whose cursor was two keys in the library's old versions.
func batch(m *ebpf.Map, name string, keys, values interface{}) (int, error) {
	call := reflect.ValueOf(m).MethodByName(name)
	none := reflect.Zero(reflect.TypeOf((*ebpf.BatchOptions)(nil)))
	args := []reflect.Value{reflect.ValueOf(keys), reflect.ValueOf(values),
		none}
	if call.Type().NumIn() == 5 {
		args = append([]reflect.Value{reflect.Zero(call.Type().In(0)),
			reflect.ValueOf(new(uint32))}, args...)
	} else {
		args = append([]reflect.Value{
			reflect.New(call.Type().In(0).Elem())}, args...)
	}
	res := call.Call(args)
	err, _ := res[1].Interface().(error)
	return int(res[0].Int()), err
}

func checkBatches() {
	keys, values := make([]uint32, 40), make([]uint64, 40)
	found, held := make([]uint32, entries), make([]uint64, entries)
	m := newMap(ebpf.Hash, 4, 0)
	defer m.Close()
	for i := range keys {
		keys[i], values[i] = uint32(i), 10*uint64(i)
	}
	count, err := m.BatchUpdate(keys, values, nil)
	isErr("batch: update", err, nil)
	is("batch: updated", count, 40)
	count, err = batch(m, "BatchLookup", found, held)
	isErr("batch: lookup, to the end", err, ebpf.ErrKeyNotExist)
	is("batch: found", count, 40)
	wrong := 0
	for i := range found[:count] {
		if held[i] != 10*uint64(found[i]) {
			wrong++
		}
	}
	is("batch: with other values", wrong, 0)
	count, err = m.BatchDelete(keys[:10], nil)
	isErr("batch: delete", err, nil)
	is("batch: deleted", count, 10)
	count, err = batch(m, "BatchLookupAndDelete", found, held)
	isErr("batch: take, to the end", err, ebpf.ErrKeyNotExist)
	is("batch: taken", count, 30)
	is("batch: none is left", len(keysOf("batch", m)), 0)
}

func checkPerCPU() {
	var found []uint64

	m := newMap(ebpf.PerCPUHash, 4, 0)
	defer m.Close()
	isErr("per CPU: no such", m.Lookup(uint32(1), &found),
		ebpf.ErrKeyNotExist)
	// A value for each possible CPU is what the library wants.
	array := newMap(ebpf.PerCPUArray, 4, 0)
	defer array.Close()
	isErr("per CPU: lookup", array.Lookup(uint32(1), &found), nil)
	for i := range found {
		found[i] = 100 + uint64(i)
	}
	want := append([]uint64(nil), found...)
	isErr("per CPU: put", m.Put(uint32(1), found), nil)
	isErr("per CPU: lookup again", m.Lookup(uint32(1), &found), nil)
	is("per CPU: values", found, want)
}

func checkOthers() {
	var value uint64

	lru := newMap(ebpf.LRUHash, 4, 0)
	defer lru.Close()
	for i := uint32(0); i < 4*entries; i++ {
		if err := lru.Put(i, uint64(i)); err != nil {
			isErr("LRU: put", err, nil)
		}
	}
	left := len(keysOf("LRU", lru))
	is("LRU: some are left", left > 0 && left <= entries, true)
	for _, typ := range []ebpf.MapType{ebpf.Queue, ebpf.Stack} {
		m := newMap(typ, 0, 0)
		isErr("push 1", m.Put(nil, uint64(1)), nil)
		isErr("push 2", m.Put(nil, uint64(2)), nil)
		isErr("peek", m.Lookup(nil, &value), nil)
		isErr("pop", m.LookupAndDelete(nil, &value), nil)
		is("popped", value, map[ebpf.MapType]uint64{ebpf.Queue: 1,
			ebpf.Stack: 2}[typ])
		isErr("pop again", m.LookupAndDelete(nil, &value), nil)
		isErr("pop, empty", m.LookupAndDelete(nil, &value),
			ebpf.ErrKeyNotExist)
		m.Close()
	}
}

func checkFreeze() {
	spec := &ebpf.MapSpec{Name: "constants", Type: ebpf.Array, KeySize: 4,
		ValueSize: 8, MaxEntries: 2, Flags: rdonlyProg,
		Contents: []ebpf.MapKV{{Key: uint32(1), Value: uint64(7)}}}
	m, err := ebpf.NewMap(spec)
	isErr("create with contents", err, nil)
	isErr("freeze", m.Freeze(), nil)
	holds("frozen", m, 1, 7)
	isErr("frozen: put", m.Put(uint32(0), uint64(1)), syscall.EPERM)
	isErr("frozen: freeze", m.Freeze(), syscall.EPERM)
	m.Close()
	spec.MaxEntries = 0
	_, err = ebpf.NewMap(spec)
	isErr("no entries", err, syscall.EINVAL)
}

func checkIDs() {
	m := newMap(ebpf.Hash, 4, noPrealloc)
	defer m.Close()
	isErr("put", m.Put(uint32(5), uint64(50)), nil)
	info, err := m.Info()
	isErr("info", err, nil)
	is("info: name", info.Name, "go")
	is("info: type", info.Type, ebpf.Hash)
	is("info: sizes", []uint32{info.KeySize, info.ValueSize,
		info.MaxEntries}, []uint32{4, 8, entries})
	is("info: flags", fmt.Sprint(info.Flags), fmt.Sprint(noPrealloc))
	id, ok := info.ID()
	is("info: has an id", ok, true)
	again, err := ebpf.NewMapFromID(id)
	isErr("by id", err, nil)
	holds("by id", again, 5, 50)
	again.Close()
	_, err = ebpf.NewMapFromID(1 << 30)
	isErr("by no id", err, syscall.ENOENT)
	next, err := ebpf.MapGetNextID(id - 1)
	isErr("next id", err, nil)
	is("next id: itself", next == id, true)
}

func checkPins(dir string) {
	m := newMap(ebpf.Hash, 4, 0)
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	isErr("put", m.Put(uint32(6), uint64(60)), nil)
	isErr("pin", m.Pin(first), nil)
	isErr("pin elsewhere", m.Pin(second), nil)
	_, err := ebpf.LoadPinnedMap(first, nil)
	isErr("the old pin", errors.Unwrap(err), syscall.ENOENT)
	m.Close()
	m, err = ebpf.LoadPinnedMap(second, nil)
	isErr("the new pin", err, nil)
	holds("pinned", m, 6, 60)
	rdonly, err := ebpf.LoadPinnedMap(second,
		&ebpf.LoadPinOptions{ReadOnly: true})
	isErr("for reading", err, nil)
	holds("for reading", rdonly, 6, 60)
	isErr("for reading: put", rdonly.Put(uint32(6), uint64(1)),
		syscall.EPERM)
	rdonly.Close()
	isErr("pin in no directory", m.Pin(filepath.Join(dir, "none/first")),
		syscall.ENOENT)
	isErr("unpin", m.Unpin(), nil)
	is("pinned no more", m.IsPinned(), false)
	m.Close()
	_, err = ebpf.LoadPinnedMap(second, nil)
	is("the pin is gone", errors.Is(err, os.ErrNotExist), true)
}

func checkCollection(dir string) {
	var objects struct {
		Hits  *ebpf.Map `ebpf:"hits"`
		Names *ebpf.Map `ebpf:"names"`
	}

	spec := &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{
		"hits": {Name: "hits", Type: ebpf.Array, KeySize: 4,
			ValueSize: 8, MaxEntries: 4, Contents: []ebpf.MapKV{
				{Key: uint32(2), Value: uint64(9)}}},
		"names": {Name: "names", Type: ebpf.Hash, KeySize: 16,
			ValueSize: 8, MaxEntries: 4, Pinning: ebpf.PinByName},
	}}
	options := &ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: dir}}
	isErr("collection", spec.LoadAndAssign(&objects, options), nil)
	holds("its contents", objects.Hits, 2, 9)
	key := [16]byte{'a'}
	isErr("its pinned map: put", objects.Names.Put(key, uint64(1)), nil)
	coll, err := ebpf.NewCollectionWithOptions(spec, *options)
	isErr("collection, again", err, nil)
	isErr("its map is the pinned one",
		coll.Maps["names"].Update(key, uint64(2), ebpf.UpdateExist), nil)
	coll.Close()
	spec.Maps["names"].KeySize = 8
	_, err = ebpf.NewCollectionWithOptions(spec, *options)
	isErr("collection, other sizes", err, ebpf.ErrMapIncompatible)
	isErr("unpin", os.Remove(filepath.Join(dir, "names")), nil)
	objects.Hits.Close()
	objects.Names.Close()
}

// checkObject has maps with BTF, global data, and a program that uses them.
func checkObject(path string) {
	var value []byte

	spec, err := ebpf.LoadCollectionSpec(path)
	isErr("object", err, nil)
	coll, err := ebpf.NewCollection(spec)
	isErr("object: load", err, nil)
	if err != nil {
		return
	}
	defer coll.Close()
	for _, name := range []string{".data", ".rodata"} {
		value, err = coll.Maps[name].LookupBytes(uint32(0))
		isErr("object: "+name, err, nil)
		is("object: "+name, value[0], map[string]byte{".data": 7,
			".rodata": 9}[name])
	}
	isErr("object: .rodata is frozen",
		coll.Maps[".rodata"].Put(uint32(0), value), syscall.EPERM)
	_, err = coll.Maps["counters"].Info()
	isErr("object: info", err, nil)
}

func checkRing() {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf,
		MaxEntries: uint32(os.Getpagesize())})
	isErr("ring", err, nil)
	reader, err := ringbuf.NewReader(m)
	isErr("ring: reader", err, nil)
	ended := make(chan error)
	go func() {
		_, err := reader.Read()
		ended <- err
	}()
	isErr("ring: close", reader.Close(), nil)
	// By which of two errors depends on which came first.
	is("ring: read ends", errors.Is(<-ended, ringbuf.ErrClosed), true)
	m.Close()
}

// each runs a function in threads: a system call blocks one.
func each(name string, run func(thread int) error) {
	var wait sync.WaitGroup
	var errs [entries / 4]error

	for i := range errs {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			errs[i] = run(i)
		}(i)
	}
	wait.Wait()
	is(name+": errors", errs, [entries / 4]error{})
}

func checkThreads() {
	m := newMap(ebpf.Hash, 4, 0)
	defer m.Close()
	each("elements", func(thread int) error {
		for n := 0; n < 100; n++ {
			key := uint32(4*thread + n%4)
			if err := m.Put(key, uint64(n)); err != nil {
				return err
			}
		}
		return nil
	})
	is("elements: keys", len(keysOf("elements", m)), entries)
	holds("elements", m, 63, 99)
}

// comeAndGo is the life of a map that nobody else knows.
func comeAndGo(path string) error {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4,
		ValueSize: 8, MaxEntries: 1})
	if err != nil {
		return err
	}
	if err = m.Pin(path); err != nil {
		return err
	}
	m.Close()
	if m, err = ebpf.LoadPinnedMap(path, nil); err != nil {
		return err
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		return err
	}
	id, _ := info.ID()
	again, err := ebpf.NewMapFromID(id)
	if err != nil {
		return err
	}
	again.Close()
	return m.Unpin()
}

func checkLives(dir string) {
	each("maps", func(thread int) error {
		path := filepath.Join(dir, fmt.Sprint("map", thread))
		for n := 0; n < 20; n++ {
			if err := comeAndGo(path); err != nil {
				return err
			}
		}
		return nil
	})
}

func main() {
	dir := os.Args[1]
	checkProbes()
	checkArray()
	checkHash()
	checkBatches()
	checkPerCPU()
	checkOthers()
	checkFreeze()
	checkIDs()
	checkPins(dir)
	checkCollection(dir)
	if len(os.Args) > 2 {
		checkObject(os.Args[2])
	}
	checkRing()
	checkThreads()
	checkLives(dir)
	if failures > 0 {
		os.Exit(1)
	}
}
