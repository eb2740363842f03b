/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pin counts of a grant (dom/grant_table.c, dom/grant_map.c): the granter writes
 * its entry whenever it likes; two CPUs of the grantee map it, read-only or not,
 * and end mappings by handle, the same one perhaps.
 *
 * Claims: a frame has a reference for each use and one of write for each writing
 * one; a handle ends once; the frame of an entry in use stays what it was when
 * the first use began; the bits that say "in use" fall with the last use, and
 * nothing is left at the end.
 */
#define FRAMES	2
#define HANDLES 2
#define OPS	2

/* The shared entry, which the granter writes. */
bool permits = true, readonly_only, reading, writing;
byte frame;
/* The active entry. */
byte uses, writes, pinned;
/* References on the frames. */
byte refs[FRAMES], write_refs[FRAMES];
/* Handles. */
bool used[HANDLES], busy[HANDLES], is_readonly[HANDLES];
byte mapped[HANDLES];

bool table_lock; /* the other's sections are single steps */
byte done;

inline take(l) { atomic { !l -> l = true } }
inline drop(l) { l = false }

/* The granter's stores: any word of the entry, each at a moment of its own. The
 * bits in use are its as well. */
proctype granter()
{
	byte n;

	do
	:: n < OPS ->
		n++;
		if
		:: permits = !permits
		:: readonly_only = !readonly_only
		:: frame = 1 - frame
		:: atomic { reading = false; writing = false }
		fi
	:: else -> break
	od;
	done++
}

/*
 * What stands in one lock's section and looks at nothing but what that lock
 * guards is one step; the entry is changed by one compare-and-exchange.
 */
inline acquire(ro, ok, got)
{
	take(table_lock);
	atomic {
		if
		:: uses && (ro || writes) -> ok = true
		:: else ->
			ok = permits && (ro || !readonly_only);
			if
			:: ok ->
				reading = true;
				writing = writing || !ro;
				pinned = (uses -> pinned : frame)
			:: else
			fi
		fi
	};
	atomic {
		if
		:: ok ->
			got = pinned;
			refs[got]++;
			write_refs[got] = write_refs[got] + (ro -> 0 : 1);
			uses++;
			writes = writes + (ro -> 0 : 1)
		:: else
		fi
	};
	drop(table_lock)
}

inline release(ro, was)
{
	atomic {
		assert(refs[was] > 0);
		refs[was]--;
		assert(ro || write_refs[was] > 0);
		write_refs[was] = write_refs[was] - (ro -> 0 : 1)
	};
	take(table_lock);
	atomic {
		assert(uses > 0 && (ro || writes > 0));
		uses--;
		writes = writes - (ro -> 0 : 1)
	};
	atomic {
		reading = reading && uses;
		writing = writing && writes
	};
	drop(table_lock)
}

proctype user()
{
	byte n, h, got;
	bool ro, ok;

	do
	:: n < OPS ->
		atomic {
			n++;
			got = 0; ok = false; ro = false;
			if :: h = 0 :: h = 1 fi
		};
		if
		:: /* map */
			if :: ro = true :: ro = false fi;
			/* A handle that nobody sees yet. */
			atomic {
				if
				:: !used[h] && !busy[h] ->
					busy[h] = true; ok = true
				:: else
				fi
			};
			if
			:: ok ->
				acquire(ro, ok, got);
				atomic {
					if
					:: ok ->
						used[h] = true;
						is_readonly[h] = ro;
						mapped[h] = got
					:: else
					fi;
					busy[h] = false
				}
			:: else
			fi
		:: /* unmap: claim, undo, free, release */
			atomic {
				if
				:: used[h] && !busy[h] ->
					busy[h] = true; ok = true;
					ro = is_readonly[h]
				:: else
				fi
			};
			if
			:: ok ->
				/* The entry's frame, without its lock. */
				got = pinned;
				assert(got == mapped[h]);
				atomic {
					assert(used[h] && busy[h]);
					used[h] = false;
					busy[h] = false
				};
				release(ro, got)
			:: else
			fi
		fi
	:: else -> break
	od;
	done++
}

init
{
	byte h, left, written;

	atomic { run granter(); run user(); run user() };
	done == 3;
	do
	:: h < HANDLES ->
		assert(!busy[h]);
		if
		:: used[h] ->
			left++;
			written = written + (is_readonly[h] -> 0 : 1);
			assert(mapped[h] == pinned)
		:: else
		fi;
		h++
	:: else -> break
	od;
	assert(uses == left && writes == written);
	assert(refs[pinned] == left && write_refs[pinned] == written);
	assert(refs[1 - pinned] == 0 && write_refs[1 - pinned] == 0);
	assert(left || (!reading && !writing));
}
