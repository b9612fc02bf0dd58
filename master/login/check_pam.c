/* Logins of the system's accounts by PAM and NSS. */
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>

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
			if (found->sp_pwdp == NULL ||
			    found->sp_pwdp[0] != '$' ||
			    strlen(found->sp_pwdp) >= sizeof(hash))
				continue;
			strcpy(hash, found->sp_pwdp);
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
	    found != NULL && strlen(entry.pw_dir) <= FS_PATH_MAX &&
	    strlen(name) <= LOGIN_NAME_MAX_LEN;
	if (known) {
		strcpy(account->name, name);
		strcpy(account->home, entry.pw_dir);
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
	if (question->password[0] == '\0')
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
		password_waste_time(question->password, usual_hash());
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
	if (!has_hash(question->user))
		password_waste_time(ask.password, usual_hash());
	verdict = pam_check(&ask, &said);
	if (why == NULL && verdict == PAM_LOGIN_OK) {
		check_group_name(account);
		return (true);
	}
	check_reason(result, "pam: %s", why != NULL ? why : said);
	return (false);
}
