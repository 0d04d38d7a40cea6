// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package model

// Token is a refresh token: which login it descends from and which of that
// login's tokens it is, the first being 1. The zero Token is none. A greater
// Token is a later one.
type Token uint8

func newToken(login, generation uint8) Token { return Token(login<<4 | generation) }

func (t Token) login() uint8      { return uint8(t) >> 4 }
func (t Token) generation() uint8 { return uint8(t) & 15 }

// The two logins of a run: the one that the connection works with at the start,
// and the one that the person gives by consenting.
const (
	firstLogin = iota
	newLogin
	loginCount
)

// Account is a person's X account.
type Account uint8

// The accounts: the one that the connection is pinned to, and another one.
const (
	pinned Account = 1 + iota
	stranger
)

// End tells how a login stands at X.
type End uint8

// The ends of a login.
const (
	absent     End = iota // never happened
	live                  // its newest token works
	killed                // X saw a spent token or a spent code again
	superseded            // a newer login of the account ended it
	revoked               // we asked for it
)

// Login is a family of refresh tokens: each but the newest is spent.
type Login struct {
	State   End
	Newest  uint8
	Account Account
}

// Habit is something that X has never said about itself. It is settled the
// first time that it matters, either way, and stays so for the rest of the run.
type Habit uint8

// What X's habits can turn out to be.
const (
	unseen Habit = iota

	// When a spent token comes again.
	killsFamily
	onlyRefuses
	hasGrace // it answers again, and forgets what it answered before

	// When the account logs in again.
	endsEarlierLogin
	keepsEarlierLogin

	// When a token is revoked.
	revokesToken
	revokesAccount // everything that this account gave this app
)

var (
	habitsOnReuse  = []Habit{killsFamily, onlyRefuses, hasGrace}
	habitsOnLogin  = []Habit{endsEarlierLogin, keepsEarlierLogin}
	habitsOnRevoke = []Habit{revokesToken, revokesAccount}
)

// X is the authorization server.
type X struct {
	Logins   [loginCount]Login
	CodeUsed bool
	OnReuse  Habit
	OnLogin  Habit
	OnRevoke Habit
}

// alive tells whether the token is one that X would accept.
func (x X) alive(t Token) bool {
	return t != 0 && x.Logins[t.login()].State == live && x.Logins[t.login()].Newest == t.generation()
}

// spent tells whether X has exchanged the token already, in a login that lives.
func (x X) spent(t Token) bool {
	return x.Logins[t.login()].State == live && x.Logins[t.login()].Newest != t.generation()
}

// settled gives the habits that are still possible.
func settled(habit Habit, possible []Habit) []Habit {
	if habit != unseen {
		return []Habit{habit}
	}
	return possible
}

// refresh exchanges a refresh token. It calls answer once for each X that there
// may be, with the new token, or none for "400, this token is dead".
func (x X) refresh(t Token, answer func(X, Token)) {
	switch {
	case x.alive(t):
		answer(x.rotate(t.login()))
	case x.spent(t):
		x.reuse(t.login(), answer)
	default:
		answer(x, 0)
	}
}

func (x X) rotate(login uint8) (X, Token) {
	x.Logins[login].Newest++
	return x, newToken(login, x.Logins[login].Newest)
}

// reuse is X's reaction to a spent refresh token.
func (x X) reuse(login uint8, answer func(X, Token)) {
	for _, x.OnReuse = range settled(x.OnReuse, habitsOnReuse) {
		switch x.OnReuse {
		case hasGrace:
			answer(x.rotate(login))
		case killsFamily:
			dead := x
			dead.Logins[login].State = killed
			answer(dead, 0)
		default:
			answer(x, 0)
		}
	}
}

// exchange redeems the one authorization code of a run (RFC 6749, section
// 4.1.2: a code that comes twice should end what it gave).
func (x X) exchange(account Account, answer func(X, Token)) {
	if x.CodeUsed {
		x.Logins[newLogin].State = killed
		answer(x, 0)
		return
	}
	x.CodeUsed = true
	x.Logins[newLogin] = Login{State: live, Newest: 1, Account: account}
	if x.Logins[firstLogin].State != live || x.Logins[firstLogin].Account != account {
		answer(x, newToken(newLogin, 1))
		return
	}
	for _, x.OnLogin = range settled(x.OnLogin, habitsOnLogin) {
		next := x
		if x.OnLogin == endsEarlierLogin {
			next.Logins[firstLogin].State = superseded
		}
		answer(next, newToken(newLogin, 1))
	}
}

// revoke ends a token, and perhaps more. A spent token is accepted without
// effect (RFC 7009, section 2.2), unless X goes by the account.
func (x X) revoke(t Token, answer func(X)) {
	for _, x.OnRevoke = range settled(x.OnRevoke, habitsOnRevoke) {
		next := x
		for i := range next.Logins {
			if x.reaches(t, uint8(i)) && next.Logins[i].State == live {
				next.Logins[i].State = revoked
			}
		}
		answer(next)
	}
}

// reaches tells whether a revocation of the token ends the login.
func (x X) reaches(t Token, login uint8) bool {
	if x.OnRevoke == revokesAccount {
		return x.Logins[login].Account == x.Logins[t.login()].Account
	}
	return login == t.login() && x.alive(t)
}
