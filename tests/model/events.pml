/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The locks of the event channels (dom/event.c, dom/event_bind.c): two domains
 * with two ports each; the first has two CPUs, the second one. They make
 * five operations, any of them, in any order of steps.
 *
 * Who changes a domain's ports has its lock and waits until no sender holds
 * them; who sends holds them, or behind one who changes them takes the lock.
 *
 * Claims: nobody waits for ever; who sends and holds its own domain's ports
 * alone finds a whole pair; a pair is made and broken by both; at the end every
 * pair is a pair, and nobody holds anything.
 */
#define DOMAINS 2
#define PORTS	2
#define AT(d, p) ((d) * PORTS + (p))

#define CLOSED	    0
#define UNBOUND	    1
#define INTERDOMAIN 2

byte state[DOMAINS * PORTS];
byte remote[DOMAINS * PORTS];	   /* interdomain: the other domain */
byte remote_port[DOMAINS * PORTS];
bool locked[DOMAINS];
bool changing[DOMAINS]; /* one word with: */
byte senders[DOMAINS];

inline take(d) { atomic { !locked[d] -> locked[d] = true } }
inline drop(d) { locked[d] = false }

inline begin_change(d) { changing[d] = true; senders[d] == 0 }
inline end_change(d) { changing[d] = false }

/* Alone. */
inline lock_one(d) { take(d); begin_change(d) }
inline unlock_one(d) { end_change(d); drop(d) }

/* By address: here by number. One lock if they are the same. */
inline lock_two(a, b)
{
	if
	:: a == b -> take(a)
	:: a < b -> take(a); take(b)
	:: a > b -> take(b); take(a)
	fi;
	begin_change(a);
	if
	:: a != b -> begin_change(b)
	:: else
	fi
}

inline unlock_two(a, b)
{
	atomic { end_change(a); end_change(b) };
	atomic { drop(a); drop(b) }
}

/* Beside others who send; counted says how it is let go. */
inline hold(d)
{
	atomic { senders[d]++; counted = !changing[d] };
	if
	:: !counted -> senders[d]--; take(d)
	:: else
	fi
}

inline release(d)
{
	if
	:: counted -> senders[d]--
	:: else -> drop(d)
	fi
}

/* What is done to ports whose domains are all locked is one step. */
inline alloc_unbound(d)
{
	lock_one(d);
	atomic {
		if
		:: state[AT(d, 0)] == CLOSED -> state[AT(d, 0)] = UNBOUND
		:: state[AT(d, 1)] == CLOSED -> state[AT(d, 1)] = UNBOUND
		:: else
		fi
	};
	unlock_one(d)
}

/* Port rp of domain rd waits for anybody. */
inline bind(d, rd, rp)
{
	lock_two(d, rd);
	atomic {
		p = (state[AT(d, 0)] == CLOSED -> 0 :
			(state[AT(d, 1)] == CLOSED -> 1 : PORTS));
		if
		:: state[AT(rd, rp)] == UNBOUND && p < PORTS ->
			state[AT(d, p)] = INTERDOMAIN;
			remote[AT(d, p)] = rd;
			remote_port[AT(d, p)] = rp;
			state[AT(rd, rp)] = INTERDOMAIN;
			remote[AT(rd, rp)] = d;
			remote_port[AT(rd, rp)] = p
		:: else
		fi;
		p = 0
	};
	unlock_two(d, rd)
}

/* The peer's domain is not held: each look at it is a step. */
inline send(d, at)
{
	hold(d);
	if
	:: atomic { state[AT(d, at)] == INTERDOMAIN ->
		peer = AT(remote[AT(d, at)], remote_port[AT(d, at)]) };
		assert(state[peer] == INTERDOMAIN);
		assert(remote[peer] == d && remote_port[peer] == at)
	:: atomic { else -> skip }
	fi;
	release(d)
}

/* The peer is known under one lock, both are taken, and all is looked at
 * again. */
inline close(d, at)
{
	lock_one(d);
	atomic {
		rd = DOMAINS;
		if
		:: state[AT(d, at)] == INTERDOMAIN -> rd = remote[AT(d, at)]
		:: state[AT(d, at)] == UNBOUND -> state[AT(d, at)] = CLOSED
		:: else
		fi
	};
	unlock_one(d);
	if
	:: rd < DOMAINS ->
		lock_two(d, rd);
		atomic {
			if
			:: state[AT(d, at)] == INTERDOMAIN &&
			   remote[AT(d, at)] == rd ->
				peer = AT(rd, remote_port[AT(d, at)]);
				assert(state[peer] == INTERDOMAIN);
				state[peer] = UNBOUND;
				remote[peer] = 0;
				remote_port[peer] = 0;
				state[AT(d, at)] = CLOSED;
				remote[AT(d, at)] = 0;
				remote_port[AT(d, at)] = 0
			:: else
			fi
		};
		unlock_two(d, rd)
	:: else
	fi
}

byte done;

proctype cpu(byte d; byte ops)
{
	byte n, op, p, peer, rd, rp, at;
	bool counted;

	do
	:: n < ops ->
		atomic {
			n++;
			p = 0; peer = 0; rd = 0; rp = 0; at = 0;
			if :: op = 0 :: op = 1 :: op = 2 :: op = 3 fi;
			if
			:: op == 1 ->
				if :: rd = 0 :: rd = 1 fi;
				if :: rp = 0 :: rp = 1 fi
			:: op >= 2 ->
				if :: at = 0 :: at = 1 fi
			:: else
			fi
		};
		if
		:: op == 0 -> alloc_unbound(d)
		:: op == 1 -> bind(d, rd, rp)
		:: op == 2 -> send(d, at)
		:: op == 3 -> close(d, at)
		fi
	:: else -> break
	od;
	done++
}

init
{
	byte i, peer;

	atomic { run cpu(0, 2); run cpu(0, 1); run cpu(1, 2) };
	done == 3;
	assert(!locked[0] && !locked[1] && !changing[0] && !changing[1]);
	assert(!senders[0] && !senders[1]);
	do
	:: i < DOMAINS * PORTS ->
		if
		:: state[i] == INTERDOMAIN ->
			peer = AT(remote[i], remote_port[i]);
			assert(state[peer] == INTERDOMAIN);
			assert(AT(remote[peer], remote_port[peer]) == i)
		:: else
		fi;
		i++
	:: else -> break
	od
}
