/* Logins of the system's accounts by PAM and NSS. */
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master/login/check.h"
#include "master/login/pam.h"
#include "master/login/password.h"

#define HASH_MAX 512

static char buffer[64 * 1024]; /* of one NSS entry */

/* A hash of this system's accounts, to waste as much time as they take. */
static const char *
usual_hash(void)
{
	static char hash[HASH_MAX];
	static bool looked;
	struct spwd entry, *found;

	if (!looked) {
		looked = true;
		setspent();
		while (
		    getspent_r(&entry, buffer, sizeof(buffer), &found) == 0) {
			if (found->sp_pwdp != NULL &&
			    found->sp_pwdp[0] == '$' &&
			    account_text(hash, sizeof(hash), found->sp_pwdp,
				strlen(found->sp_pwdp)))
				break;
		}
		endspent();
	}
	return (hash[0] == '\0' ? NULL : hash);
}

/* Whether PAM will compute a hash for the name; it does not for locked ones. */
static bool
has_hash(const char *name)
{
	struct spwd entry, *found = NULL;

	return (getspnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 &&
	    found != NULL && found->sp_pwdp != NULL &&
	    found->sp_pwdp[0] == '$');
}

/*
 * How much work the modules make of a wrong password, in hashes.  It differs:
 * the pam_unix of Debian 12 computes each one twice.  So it is learnt from the
 * accounts that have a hash, and done for the names that have none.
 */
static struct {
	uint64_t hash_ns; /* of one hash; 0: not known yet */
	unsigned int count, seen;
} work = { 0, 2, 2 };

#define WORK_MAX 8

static uint64_t
cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
}

static void
waste_work(const char *password)
{
	unsigned int i, count = work.count == 0 ? 1 : work.count;
	uint64_t begun = cpu_ns(), took;

	for (i = 0; i < count; i++)
		password_waste_time(password, usual_hash());
	took = (cpu_ns() - begun) / count;
	/* The average of about the last four. */
	work.hash_ns = work.hash_ns == 0 ? took : (3 * work.hash_ns + took) / 4;
}

/* A number that was seen twice running is believed. */
static void
learn_work(uint64_t took)
{
	uint64_t count;

	if (work.hash_ns == 0)
		return;
	count = (took + work.hash_ns / 2) / work.hash_ns;
	if (count < 1)
		count = 1;
	if (count > WORK_MAX)
		count = WORK_MAX;
	if (count == work.seen)
		work.count = (unsigned int)count;
	work.seen = (unsigned int)count;
}

/* Asks PAM, so that a refusal takes the same for whatever name. */
static enum pam_verdict
ask_pam(const struct pam_question *ask, const char **said)
{
	bool hashed = has_hash(ask->user);
	enum pam_verdict verdict;
	uint64_t begun;

	if (!hashed)
		waste_work(ask->password);
	begun = cpu_ns();
	verdict = pam_check(ask, said);
	if (hashed && verdict == PAM_LOGIN_DENIED)
		learn_work(cpu_ns() - begun);
	return (verdict);
}

/* Asked for unknown names, too: it takes its time as well. */
static void
fill_groups(struct account *account, const char *name)
{
	static gid_t groups[65536];
	int i, n = (int)NITEMS(groups);

	account->ngroups = 0;
	if (getgrouplist(name, account->gid, groups, &n) == -1)
		n = (int)NITEMS(groups);
	for (i = 0; i < n && account->ngroups < LOGIN_GROUPS_MAX; i++)
		if (groups[i] != account->gid)
			account->groups[account->ngroups++] = groups[i];
	account->more_groups = i < n;
}

/* Whether the name is one of the system's accounts. */
static bool
fill_account(struct account *account, const char *name)
{
	struct passwd entry, *found = NULL;
	bool known;

	memset(account, 0, sizeof(*account));
	account->gid = (gid_t)-1;
	known = getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 &&
	    found != NULL &&
	    account_text(account->name, sizeof(account->name), name,
		strlen(name)) &&
	    account_text(account->home, sizeof(account->home), entry.pw_dir,
		strlen(entry.pw_dir));
	if (known) {
		account->uid = entry.pw_uid;
		account->gid = entry.pw_gid;
	}
	fill_groups(account, name);
	return (known);
}

static const char *
refuse_account(const struct check_question *question, bool known,
    const struct account *account)
{
	if (!known)
		return ("no such user");
	if (question->certificate == NULL && question->password[0] == '\0')
		return ("the password is empty");
	if (account->home[0] != '/')
		return ("the home is not an absolute path");
	return (
	    rules_refuse(&question->setting->rules, question->host, account));
}

bool
check_by_pam(const struct check_question *question, struct check_result *result)
{
	struct pam_question ask = { question->host->pam_service, question->user,
		question->password, question->client };
	struct account *account = &result->account;
	enum pam_verdict verdict;
	const char *why, *said;
	char nonsense[33];

	/* Another's password cannot be checked without root. */
	if (!question->setting->rules.root || ask.service == NULL)
		return (false);
	if (!question->legible) {
		waste_work(question->password);
		check_reason(result, "pam: no such user");
		return (false);
	}
	why = refuse_account(question, fill_account(account, question->user),
	    account);
	if (why != NULL) {
		/* Whether this password would be right is nobody's business. */
		password_random(nonsense, sizeof(nonsense));
		ask.password = nonsense;
	}
	verdict = ask_pam(&ask, &said);
	if (why == NULL && verdict == PAM_LOGIN_OK) {
		check_group_name(account);
		return (true);
	}
	check_reason(result, "pam: %s", why != NULL ? why : said);
	return (false);
}

/* As passwd -l does it; who never had a password has another sign there. */
static bool
is_locked(const char *name)
{
	struct spwd entry, *found = NULL;

	return (getspnam_r(name, &entry, buffer, sizeof(buffer), &found) == 0 &&
	    found != NULL && found->sp_pwdp != NULL &&
	    found->sp_pwdp[0] == '!');
}

bool
check_find_in_pam(const struct check_question *question,
    struct check_result *result)
{
	struct account *account = &result->account;
	const char *why = "no such user";

	if (!question->setting->rules.root ||
	    question->host->pam_service == NULL)
		return (false);
	if (question->legible)
		why = refuse_account(question,
		    fill_account(account, question->user), account);
	if (why == NULL && is_locked(question->user))
		why = "the account is locked";
	if (why == NULL) {
		check_group_name(account);
		return (true);
	}
	check_reason(result, "pam: %s", why);
	return (false);
}

bool
check_pam_account(const struct check_question *question,
    struct check_result *result)
{
	struct pam_question ask = { question->host->pam_service, question->user,
		NULL, question->client };
	const char *said;

	if (pam_check(&ask, &said) == PAM_LOGIN_OK)
		return (true);
	check_reason(result, "pam: %s", said);
	return (false);
}
