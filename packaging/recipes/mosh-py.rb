# untried: never built with brew; checked with `ruby -c`, names and versions by tests/packaging/test_recipes.py
# For Homebrew: lay the sdist (make dists) beside this file in a tap of your own; then brew install YOU/TAP/mosh-py
# macOS itself is untested: docs/porting.md
class MoshPy < Formula
  desc "Mobile shell that survives sleep, loss and change of address, in Python"
  homepage "https://mosh.org" # upstream's; this implementation has no page of its own
  url "file://#{__dir__}/mosh_py-0.1.0.tar.gz"
  version "0.1.0"
  license "GPL-3.0-or-later"

  depends_on "python@3.13"

  conflicts_with "mosh", because: "the commands have the same names"

  def install
    # The dependencies as they are pinned, by hash, from the index of Python; then ours, without looking for more.
    python = Formula["python@3.13"].opt_bin/"python3.13"
    system python, "-m", "venv", libexec
    pip = libexec/"bin/pip"
    system pip, "install", "--require-hashes", "--requirement", "packaging/requirements.txt"
    system "make", "install", "PREFIX=#{prefix}", "PYTHON=#{python}", "RUN_PYTHON=#{libexec}/bin/python",
           "UFWDIR=", "FIREWALLDDIR=", "BASHDIR=#{bash_completion}", "ZSHDIR=#{zsh_completion}",
           "FISHDIR=#{fish_completion}", "MANDIR=#{man1}"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/mosh --version")
    assert_match version.to_s, shell_output("#{bin}/mosh-server --version")
  end
end
