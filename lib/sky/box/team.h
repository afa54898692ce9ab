// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <functional>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace faintweb::sky {

/// Neighbouring planes [first, end) of a mesh or lattice, counted along x.
struct Planes {
    int first = 0;
    int end = 0;

    int size() const { return end - first; }
    bool contains(int plane) const { return first <= plane && plane < end; }
    bool operator==(const Planes&) const = default;
};

/// What one member of a team owns of n planes: slabs follow one another, their sizes differ by one
/// at most.
///
/// @param n_members  1 .. n, so that nobody is left without.
Planes planes_of(int n, int n_members, int member);
/// The member whose slab a plane is in.
int owner_of(int plane, int n, int n_members);

/// Those who simulate one box together, each its slabs of it, and which of them this is.
///
/// The default is a team of one, who owns all and never exchanges anything.
struct Team {
    int size = 1;
    int member = 0;
    /// Sends sent[m] to member m and fills received[m] with what that one sent here; the sizes on
    /// both sides agree. Throws where another member has failed.
    ///
    /// @collective yes: every member.
    std::function<void(const std::vector<std::span<const std::byte>>& sent,
                       const std::vector<std::span<std::byte>>& received)>
        exchange;

    Planes planes(int n) const { return planes_of(n, size, member); }
};

/// Deals out `sent`: its first n_sent[0] elements go to member 0, the next to member 1, and so on.
///
/// @param n_received  elements that come from each member.
/// @return            what came, in the order of the members.
/// @collective yes: every member.
template <typename T>
std::vector<T> exchange(const Team& team,
                        std::vector<T> sent,
                        const std::vector<std::size_t>& n_sent,
                        const std::vector<std::size_t>& n_received) {
    if (team.size == 1) {
        return sent;
    }
    std::vector<T> received(std::accumulate(n_received.begin(), n_received.end(), std::size_t{0}));
    std::vector<std::span<const std::byte>> to;
    std::vector<std::span<std::byte>> from;
    const T* next_sent = sent.data();
    T* next_received = received.data();
    for (std::size_t m = 0; m < n_sent.size(); ++m) {
        to.push_back(std::as_bytes(std::span(next_sent, n_sent[m])));
        from.push_back(std::as_writable_bytes(std::span(next_received, n_received[m])));
        next_sent += n_sent[m];
        next_received += n_received[m];
    }
    team.exchange(to, from);
    return received;
}

/// Sends a plane `step` members on, the first being the last's neighbour; gives the one that comes.
///
/// @param step  1 or -1; every member passes the same number of elements.
/// @collective yes: every member.
template <typename T>
std::vector<T> pass_on(const Team& team, std::vector<T> plane, int step) {
    const auto neighbour = [&](int distance) {
        std::vector<std::size_t> n(static_cast<std::size_t>(team.size), 0);
        n[static_cast<std::size_t>((team.member + distance + team.size) % team.size)] =
            plane.size();
        return n;
    };
    const std::vector<std::size_t> to = neighbour(step);
    const std::vector<std::size_t> from = neighbour(-step);
    return exchange(team, std::move(plane), to, from);
}

}  // namespace faintweb::sky
