"""Plain sentences: "where is the referral for C-102?" means a command, and goes its way with its checks."""
